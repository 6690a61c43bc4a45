package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/config"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
	"pgai.watch/offline/pgwatch/internal/retry"
	"pgai.watch/offline/pgwatch/internal/sink"
)

// watchEvery is how often a server is asked for a sign of life besides the metrics.
const watchEvery = 10 * time.Second

// Options are what collecting needs of the command line.
type Options struct {
	MaxConnections  int
	ConnectTimeout  time.Duration
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
		return nil, fmt.Errorf("source %q: %w", source.Name, err)
	}
	return &Collector{
		source: source, metrics: metrics, sinks: sinks, options: options, cache: cache, pool: pool,
		logger: logger.With("source", source.Name),
	}, nil
}

// Run collects until the context ends. A source that goes away is waited for, however long it takes.
func (c *Collector) Run(ctx context.Context) {
	defer c.pool.Close()
	attempts := retry.New("the monitored database", c.logger)
	for {
		info, err := inspect(ctx, c.pool)
		if err == nil {
			attempts.Succeeded()
			c.state(true)
			c.logger.Info("connected", "version", info.version, "in_recovery", info.inRecovery)
			err = c.collect(ctx, info)
		}
		c.state(false)
		if ctx.Err() != nil || !attempts.Wait(ctx, err) {
			return
		}
	}
}

func (c *Collector) state(up bool) {
	for _, s := range c.sinks {
		s.State(c.source.Name, up)
	}
}

// collect runs every metric at its interval until one finds the server gone or in another role.
func (c *Collector) collect(ctx context.Context, info server) error {
	if info.inRecovery && c.source.OnlyIfMaster {
		return errors.New("it is a standby, and only_if_master is set")
	}
	intervals, err := c.metrics.Intervals(c.source, info.inRecovery)
	if err != nil {
		return err // checked at the start for the primary's settings; the standby's come to light here
	}
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	var running sync.WaitGroup
	for name, interval := range intervals {
		job, problem := c.job(name, interval, info)
		if problem != "" {
			c.logger.Warn("metric is not collected: "+problem, "metric", name)
			continue
		}
		running.Go(func() {
			if err := c.repeat(ctx, job); err != nil {
				lost(err)
			}
		})
	}
	running.Go(func() {
		if err := c.watch(ctx); err != nil {
			lost(err)
		}
	})
	<-ctx.Done()
	running.Wait()
	return context.Cause(ctx)
}

// job is one metric of a source as it is collected from one server.
type job struct {
	name, storageName, sql string
	interval, timeout      time.Duration
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
	case metric.SQL(info.majorVersion) == "":
		return job{}, fmt.Sprintf("it has no SQL for PostgreSQL %d", info.majorVersion)
	}
	if metric.InitSQL != "" {
		c.logger.Info("init_sql is ignored by the stand-in", "metric", name)
	}
	prepared := job{
		name: name, storageName: name, sql: metric.SQL(info.majorVersion), interval: interval,
		timeout: statementTimeout(c.source, metric), metric: metric, info: info,
	}
	if metric.StorageName != "" {
		prepared.storageName = metric.StorageName
	}
	if metric.IsInstanceLevel && info.systemID != "" && interval < c.options.CacheAge {
		prepared.cacheKey = info.systemID + "\x00" + name
	}
	return prepared, ""
}

// repeat collects at once and then at every interval. It returns an error only when the server is gone.
func (c *Collector) repeat(ctx context.Context, job job) error {
	logger := c.logger.With("metric", job.name)
	var failing string
	tick := time.NewTicker(job.interval)
	defer tick.Stop()
	for {
		rows, err := c.rows(ctx, job)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && retry.Lost(err) && gone(ctx, c.pool):
			return err
		case err != nil && err.Error() != failing:
			failing = err.Error()
			logger.Error("the metric's SQL failed; the other metrics go on: " + failing)
		case err == nil:
			if failing != "" {
				failing = ""
				logger.Info("the metric's SQL works again")
			}
			logger.Debug("measured", "rows", len(rows))
			c.send(job, rows)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watch finds out that the server is gone also when no metric is due for long.
func (c *Collector) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if stat := c.pool.Stat(); stat.AcquiredConns() >= stat.MaxConns() {
			continue // the metrics are busy; a question would only wait behind them
		}
		answer, cancel := context.WithTimeout(ctx, c.options.ConnectTimeout)
		err := c.pool.Ping(answer)
		cancel()
		if err != nil && ctx.Err() == nil && gone(ctx, c.pool) {
			return err
		}
	}
}

// rows runs the metric or takes a recent result of another database of the same instance.
func (c *Collector) rows(ctx context.Context, job job) ([]measure.Row, error) {
	if _, err := os.Stat(c.options.PauseFile); c.options.PauseFile != "" && err == nil {
		return nil, errors.New("collecting is paused: " + c.options.PauseFile + " exists")
	}
	return c.cache.get(job.cacheKey, c.source.Name, c.options.CacheAge, func() ([]measure.Row, error) {
		return fetch(ctx, c.pool, job.sql, job.timeout)
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
		Time: measure.TimeOf(complete, time.Now()), Interval: job.interval, IsGauge: job.metric.IsGauge,
	}
	for _, s := range c.sinks {
		s.Write(envelope)
	}
}
