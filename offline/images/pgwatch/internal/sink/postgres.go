package sink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
	"pgai.watch/offline/pgwatch/internal/retry"
)

const (
	// mostQueuedRows bounds memory while the database is away; the oldest results go first.
	mostQueuedRows = 50_000
	sinkConns      = 2 // one writes, one deletes
	writeTimeout   = 30 * time.Second
	deleteTimeout  = 10 * time.Minute
	lastFlush      = 400 * time.Millisecond
)

// pgSink writes batches of results into one table a metric.
type pgSink struct {
	pool    *pgxpool.Pool
	options Options
	logger  *slog.Logger
	ready   atomic.Bool
	tables  *tables

	mu      sync.Mutex
	queue   []measure.Envelope
	rows    int
	dropped int
}

func newPostgres(uri string, options Options, secrets *logging.Secrets, logger *slog.Logger) (*pgSink, error) {
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
	return &pgSink{pool: pool, options: options, logger: logger, tables: newTables(pool, logger)}, nil
}

func (s *pgSink) Ready() bool { return s.ready.Load() }

func (s *pgSink) State(string, bool) {}

func (s *pgSink) Write(envelope measure.Envelope) {
	if len(envelope.Rows) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, envelope)
	s.rows += len(envelope.Rows)
	for s.rows > mostQueuedRows && len(s.queue) > 1 {
		s.rows -= len(s.queue[0].Rows)
		s.dropped += len(s.queue[0].Rows)
		s.queue = s.queue[1:]
	}
}

// take empties the queue.
func (s *pgSink) take() (batch []measure.Envelope, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, dropped = s.queue, s.dropped
	s.queue, s.rows, s.dropped = nil, 0, 0
	return batch, dropped
}

// giveBack puts what could not be written before what came in since.
func (s *pgSink) giveBack(batch []measure.Envelope) {
	s.mu.Lock()
	newer := s.queue
	s.queue, s.rows = nil, 0
	s.mu.Unlock()
	for _, envelope := range append(batch, newer...) {
		s.Write(envelope)
	}
}

// Run waits for the database however long it takes, then writes a batch after each delay.
func (s *pgSink) Run(ctx context.Context) error {
	defer s.pool.Close()
	attempts := retry.New("the sink database", s.logger)
	for !s.ready.Load() {
		err := s.tables.prepare(ctx)
		if err == nil {
			s.ready.Store(true)
			attempts.Succeeded()
			s.logger.Info("storing measurements")
			break
		}
		if !attempts.Wait(ctx, err) {
			return nil
		}
	}
	go s.maintain(ctx)
	tick := time.NewTicker(s.options.BatchingDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flushLast()
			return nil
		case <-tick.C:
		}
		if err := s.flush(ctx); err != nil && !attempts.Wait(ctx, err) {
			return nil
		} else if err == nil {
			attempts.Succeeded()
		}
	}
}

// flush writes all that is queued. It returns an error only if the database is away; the rest is then still queued.
func (s *pgSink) flush(ctx context.Context) error {
	batch, dropped := s.take()
	if dropped > 0 {
		s.logger.Warn("the database was away too long: oldest measurements dropped", "rows", dropped)
	}
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	rest, err := s.tables.write(ctx, batch)
	if err != nil {
		s.giveBack(rest)
	}
	return err
}

func (s *pgSink) flushLast() {
	ctx, cancel := context.WithTimeout(context.Background(), lastFlush)
	defer cancel()
	if err := s.flush(ctx); err != nil {
		s.logger.Warn("the last measurements could not be stored: " + err.Error())
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
