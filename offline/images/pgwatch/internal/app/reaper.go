package app

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"pgai.watch/offline/pgwatch/internal/collect"
	"pgai.watch/offline/pgwatch/internal/config"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/settings"
	"pgai.watch/offline/pgwatch/internal/sink"
)

// reaper starts collecting from the sources, and keeps trying those that do not answer.
type reaper struct {
	options *settings.Options
	sinks   []sink.Sink
	secrets *logging.Secrets
	logger  *slog.Logger
}

// run reads the files and tries the sources that are not collected from, at every refresh. Broken files stop nothing,
// as in the official program; what changes of a source that is collected from waits for the next start.
func (r *reaper) run(ctx context.Context) error {
	cache := collect.NewCache()
	running := map[string]context.CancelFunc{}
	for {
		sources, err := config.LoadSources(r.options.Sources)
		if err != nil {
			r.logger.Error("could not refresh active sources: " + err.Error())
		}
		metrics, metricsError := config.LoadMetrics(r.options.Metrics)
		if metricsError != nil {
			r.logger.Error("could not refresh metric definitions: " + metricsError.Error())
		}
		if err == nil && metricsError == nil {
			r.refresh(ctx, config.Selected(sources, r.options.Groups), metrics, cache, running)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(r.options.Refresh) * time.Second):
		}
	}
}

func (r *reaper) refresh(ctx context.Context, sources []config.Source, metrics *config.Definitions,
	cache *collect.Cache, running map[string]context.CancelFunc) {
	r.logger.Info("sources refreshed", "sources", len(sources), "metrics", len(metrics.Metrics))
	gone := maps.Clone(running)
	for _, source := range sources {
		delete(gone, source.Name)
		logger := r.logger.With("source", source.Name)
		switch {
		case running[source.Name] != nil:
			continue
		case source.Kind != "postgres":
			logger.Error("the stand-in supports kind postgres only, not " + source.Kind)
			continue
		}
		collector, err := collect.New(source, metrics, r.sinks, r.collecting(), cache, r.secrets, logger)
		if err == nil {
			var mine context.Context
			mine, running[source.Name] = context.WithCancel(ctx)
			if err = collector.Start(mine); err != nil {
				running[source.Name]()
				delete(running, source.Name)
			}
		}
		if err != nil {
			logger.Warn("could not init connection, retrying on next iteration: " + err.Error())
		}
	}
	for name, stop := range gone {
		stop()
		delete(running, name)
	}
}

func (r *reaper) collecting() collect.Options {
	return collect.Options{
		MaxConnections:  r.options.MaxParallel,
		CacheAge:        time.Duration(r.options.CacheSeconds) * time.Second,
		RealDbnameField: r.options.RealDbname,
		SystemIDField:   r.options.SystemID,
		PauseFile:       r.options.PauseFile,
	}
}
