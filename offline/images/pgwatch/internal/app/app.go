// Package app puts the parts together.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"pgai.watch/offline/pgwatch/internal/collect"
	"pgai.watch/offline/pgwatch/internal/config"
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

// Run monitors until the context ends. It returns a *ConfigError for bad options or files.
func Run(ctx context.Context, options *settings.Options, secrets *logging.Secrets, logger *slog.Logger) error {
	parts, err := prepare(options, secrets, logger)
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

// prepare reads the files and takes the listening addresses; all faults are reported at once.
func prepare(options *settings.Options, secrets *logging.Secrets, logger *slog.Logger) ([]part, error) {
	metrics, metricsError := config.LoadMetrics(options.Metrics)
	sources, sourcesError := config.LoadSources(options.Sources)
	maintenance, maintenanceError := maintenanceInterval(options.Maintenance)
	if err := errors.Join(metricsError, sourcesError, maintenanceError); err != nil {
		return nil, err
	}
	var parts []part
	var sinks []sink.Sink
	var problems []error
	for _, uri := range options.Sinks {
		one, err := sink.New(uri, sink.Options{
			BatchingDelay: options.BatchingDelay, Retention: options.Retention, Maintenance: maintenance,
		}, secrets, logger)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		sinks = append(sinks, one)
		parts = append(parts, one.Run)
	}
	enabled := config.Selected(sources, options.Groups)
	logger.Info("sources loaded", "enabled", len(enabled), "defined", len(sources), "metrics", len(metrics.Metrics))
	if len(enabled) < len(sources) {
		logger.Warn("some sources are not monitored: is_enabled is not true, or their group was not asked for",
			"skipped", len(sources)-len(enabled))
	}
	cache := collect.NewCache()
	for _, source := range enabled {
		if _, err := metrics.Intervals(source, false); err != nil {
			problems = append(problems, err)
			continue
		}
		collector, err := collect.New(source, metrics, sinks, collectOptions(options), cache, secrets, logger)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		parts = append(parts, func(ctx context.Context) error { collector.Run(ctx); return nil })
	}
	if options.WebDisable != "all" {
		server, err := web.New(options.WebAddr, options.WebBasePath, func() bool { return allReady(sinks) })
		if err != nil {
			problems = append(problems, err)
		} else {
			parts = append(parts, server.Run)
		}
	}
	return parts, errors.Join(problems...)
}

func collectOptions(options *settings.Options) collect.Options {
	return collect.Options{
		MaxConnections:  options.MaxParallel,
		ConnectTimeout:  time.Duration(options.ConnTimeout) * time.Second,
		CacheAge:        time.Duration(options.CacheSeconds) * time.Second,
		RealDbnameField: options.RealDbname,
		SystemIDField:   options.SystemID,
		PauseFile:       options.PauseFile,
	}
}

func allReady(sinks []sink.Sink) bool {
	for _, one := range sinks {
		if !one.Ready() {
			return false
		}
	}
	return true
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
