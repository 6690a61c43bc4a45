package sink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
)

const (
	sinkConns     = 2 // one writes, one deletes
	writeTimeout  = 30 * time.Second
	deleteTimeout = 10 * time.Minute
	lastFlush     = 400 * time.Millisecond
	// How often, after the first time, a database is tried that does not answer at the start.
	startRetries = 3
)

// pgSink writes batches of results into one table a metric.
type pgSink struct {
	pool    *pgxpool.Pool
	options Options
	logger  *slog.Logger
	tables  *tables

	mu    sync.Mutex
	queue []measure.Envelope
}

func newPostgres(ctx context.Context, uri string, options Options, secrets *logging.Secrets, logger *slog.Logger) (*pgSink, error) {
	config, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, fmt.Errorf("postgresql sink: %w", err)
	}
	secrets.Add(config.ConnConfig.Password)
	config.MaxConns = sinkConns
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "pgwatch"
	pool, err := pgxpool.NewWithConfig(context.Background(), config) // connects on first use
	if err != nil {
		return nil, fmt.Errorf("postgresql sink: %w", err)
	}
	logger = logger.With("sink", "postgresql", "database", config.ConnConfig.Database)
	made := &pgSink{pool: pool, options: options, logger: logger, tables: newTables(pool, logger)}
	return made, made.connect(ctx)
}

// connect gives up after a few seconds, so that whoever started the program starts it again.
func (s *pgSink) connect(ctx context.Context) error {
	for tried := 0; ; tried++ {
		err := s.pool.Ping(ctx)
		if err == nil {
			return s.tables.prepare(ctx)
		}
		s.logger.Error("connection failed: " + err.Error())
		if tried == startRetries || ctx.Err() != nil {
			return fmt.Errorf("postgresql sink: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *pgSink) Write(envelope measure.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, envelope)
}

// take empties the queue.
func (s *pgSink) take() []measure.Envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue
	s.queue = nil
	return batch
}

// Run writes a batch after each delay.
func (s *pgSink) Run(ctx context.Context) error {
	defer s.pool.Close()
	s.logger.Info("storing measurements")
	go s.maintain(ctx)
	tick := time.NewTicker(s.options.BatchingDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), lastFlush)
			defer cancel()
			s.flush(last)
			return nil
		case <-tick.C:
			s.flush(ctx)
		}
	}
}

// flush writes all that is queued. What a database that is away does not take is lost, as with the official program.
//
// With a misfit it stays for ever, as that does: it takes up the next metric only when it is asked for a row of this
// one, and PostgreSQL refuses the statement before that. So nothing more is stored of any metric.
func (s *pgSink) flush(running context.Context) {
	batch := s.take()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(running, writeTimeout)
	defer cancel()
	rest, err := s.tables.write(ctx, batch)
	for misfit(err) && running.Err() == nil {
		err = s.tables.store(running, rest[0])
	}
	if err != nil {
		s.logger.Error("measurements are lost: "+err.Error(), "results", len(rest))
	}
}

// maintain deletes old measurements at every maintenance interval.
func (s *pgSink) maintain(ctx context.Context) {
	if s.options.Maintenance <= 0 {
		return
	}
	for {
		deleted, err := s.tables.deleteOld(ctx, s.options.Retention)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.logger.Warn("old measurements could not be deleted: " + err.Error())
		case deleted > 0:
			s.logger.Info("old measurements deleted", "rows", deleted)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.options.Maintenance):
		}
	}
}
