// Package app puts the parts together.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/settings"
	"pgai.watch/offline/pgwatch/internal/sink"
	"pgai.watch/offline/pgwatch/internal/web"
)

// stopWithin is how long the parts get to end after a signal; the program leaves without the rest.
const stopWithin = 800 * time.Millisecond

// ConfigError is a fault in the options or files, found before anything runs.
type ConfigError struct{ error }

func (e *ConfigError) Unwrap() error { return e.error }

// Run monitors until the context ends. It returns a *ConfigError for bad options and sinks that cannot be used.
func Run(ctx context.Context, options *settings.Options, secrets *logging.Secrets, logger *slog.Logger) error {
	parts, err := prepare(ctx, options, secrets, logger)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return &ConfigError{err}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	<-ctx.Done()
	select {
	case err := <-done:
		return err
	case <-time.After(stopWithin):
		logger.Warn("not everything ended in time")
		return nil
	}
}

// part is something that works until the context ends.
type part func(ctx context.Context) error

// prepare connects the sinks and then takes the web address.
func prepare(ctx context.Context, options *settings.Options, secrets *logging.Secrets, logger *slog.Logger) ([]part, error) {
	maintenance, err := maintenanceInterval(options.Maintenance)
	if err != nil {
		return nil, err
	}
	var parts []part
	var sinks []sink.Sink
	for _, uri := range options.Sinks {
		one, err := sink.New(ctx, uri, sink.Options{
			BatchingDelay: options.BatchingDelay, Retention: options.Retention, Maintenance: maintenance,
		}, secrets, logger)
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, one)
		parts = append(parts, one.Run)
	}
	if options.WebDisable != "all" {
		server, err := web.New(options.WebAddr, options.WebBasePath)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server.Run)
	}
	return append(parts, (&reaper{options: options, sinks: sinks, secrets: secrets, logger: logger}).run), nil
}

// maintenanceInterval reads a Go duration such as 12h, also in the official form "12 hours"; 0 switches it off.
func maintenanceInterval(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	var count int
	var unit string
	if n, _ := fmt.Sscanf(text, "%d %s", &count, &unit); n == 2 && count > 0 {
		for prefix, length := range map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "m": time.Minute} {
			if unit[:1] == prefix {
				return time.Duration(count) * length, nil
			}
		}
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration < 0 {
		return 0, fmt.Errorf("--maintenance-interval %q is not a time such as 12h or \"12 hours\"", text)
	}
	return duration, nil
}
