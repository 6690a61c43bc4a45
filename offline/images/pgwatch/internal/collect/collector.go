package collect

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/config"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
	"pgai.watch/offline/pgwatch/internal/sink"
)

// Options are what collecting needs of the command line.
type Options struct {
	MaxConnections  int
	CacheAge        time.Duration // of instance level measurements; 0 disables
	RealDbnameField string        // column for the database's own name, may be empty
	SystemIDField   string        // column for the system identifier, may be empty
	PauseFile       string        // while it exists nothing is collected
}

// Collector collects from one source.
type Collector struct {
	source  config.Source
	metrics *config.Definitions
	sinks   []sink.Sink
	options Options
	cache   *Cache
	logger  *slog.Logger
	pool    *pgxpool.Pool
}

// New makes the collector of a source. It fails only if the connection string cannot be used.
func New(source config.Source, metrics *config.Definitions, sinks []sink.Sink, options Options, cache *Cache,
	secrets *logging.Secrets, logger *slog.Logger) (*Collector, error) {
	pool, err := newPool(source, options, secrets)
	if err != nil {
		return nil, err
	}
	return &Collector{
		source: source, metrics: metrics, sinks: sinks, options: options, cache: cache, pool: pool, logger: logger,
	}, nil
}

// Start begins to collect every metric at its interval, until the context ends. A source that does not answer now is an
// error; one that goes away later is only asked again at the metrics' intervals, and nothing is written meanwhile.
func (c *Collector) Start(ctx context.Context) error {
	info, err := inspect(ctx, c.pool)
	if err == nil && info.inRecovery && c.source.OnlyIfMaster {
		err = fmt.Errorf("it is a standby, and only_if_master is set")
	}
	if err != nil {
		c.pool.Close()
		return err
	}
	c.logger.Info("connected", "version", info.version, "in_recovery", info.inRecovery)
	for name, interval := range c.metrics.Intervals(c.source, info.inRecovery) {
		job, problem := c.job(name, interval, info)
		if problem != "" {
			c.logger.Warn("metric is not collected: "+problem, "metric", name)
			continue
		}
		go c.repeat(ctx, job)
	}
	context.AfterFunc(ctx, c.pool.Close)
	return nil
}

// job is one metric of a source as it is collected from one server.
type job struct {
	name, storageName, sql string
	interval               time.Duration
	metric                 config.Metric
	info                   server
	cacheKey               string
}

// job prepares a metric; problem says why it cannot be collected.
func (c *Collector) job(name string, interval time.Duration, info server) (_ job, problem string) {
	metric, defined := c.metrics.Metrics[name]
	switch {
	case !defined:
		return job{}, "no metrics file defines it"
	case !metric.AppliesTo(info.inRecovery):
		return job{}, "it is for a " + metric.NodeStatus + " only"
	case metric.SQL(info.majorVersion) == "" && name != measure.InstanceUp:
		return job{}, fmt.Sprintf("it has no SQL for PostgreSQL %d", info.majorVersion)
	}
	prepared := job{
		name: name, storageName: name, sql: metric.SQL(info.majorVersion), interval: interval, metric: metric, info: info,
	}
	if metric.StorageName != "" {
		prepared.storageName = metric.StorageName
	}
	if metric.IsInstanceLevel && info.systemID != "" && interval < c.options.CacheAge {
		prepared.cacheKey = info.systemID + "\x00" + name
	}
	return prepared, ""
}

// repeat collects at once and then after every interval.
func (c *Collector) repeat(ctx context.Context, job job) {
	logger := c.logger.With("metric", job.name)
	var failing string
	for {
		rows, err := c.rows(ctx, job)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && err.Error() != failing:
			failing = err.Error()
			logger.Error("failed to fetch metric data; the other metrics go on: " + failing)
		case err == nil:
			failing = ""
			logger.Debug("measured", "rows", len(rows))
			if len(rows) > 0 {
				c.send(job, rows)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(job.interval):
		}
	}
}

// rows runs the metric or takes a recent result of the same instance.
func (c *Collector) rows(ctx context.Context, job job) ([]measure.Row, error) {
	if _, err := os.Stat(c.options.PauseFile); c.options.PauseFile != "" && err == nil {
		return nil, fmt.Errorf("collecting is paused: %s exists", c.options.PauseFile)
	}
	return c.cache.get(job.cacheKey, c.options.CacheAge, func() ([]measure.Row, error) {
		if job.name == measure.InstanceUp {
			// Whatever its SQL is, as in the official program: an answer, or nothing at all.
			return []measure.Row{{measure.InstanceUp: 1}}, c.pool.Ping(ctx)
		}
		return fetch(ctx, c.pool, job.sql)
	})
}

// send adds what pgwatch adds to every row and passes the result to all sinks.
func (c *Collector) send(job job, rows []measure.Row) {
	complete := make([]measure.Row, len(rows)) // copies: cached rows are shared
	for i, row := range rows {
		full := maps.Clone(row)
		for field, value := range map[string]string{
			c.options.RealDbnameField: job.info.database, c.options.SystemIDField: job.info.systemID,
		} {
			if field != "" && value != "" {
				full[field] = value
			}
		}
		complete[i] = full
	}
	envelope := measure.Envelope{
		DBName: c.source.Name, Metric: job.storageName, Tags: c.source.CustomTags, Rows: complete,
		Time: measure.TimeOf(complete, time.Now()), IsGauge: job.metric.IsGauge,
	}
	for _, s := range c.sinks {
		s.Write(envelope)
	}
}
