package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pgai.example/standins/grafana/internal/frames"
	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/timerange"
)

// Query is one PostgreSQL query of /api/ds/query.
type Query struct {
	RefID         string  `json:"refId"`
	RawSQL        string  `json:"rawSql"`
	Format        string  `json:"format"`
	IntervalMS    float64 `json:"intervalMs"`
	MaxDataPoints float64 `json:"maxDataPoints"`
}

// As in Grafana (dataproxy.row_limit) an answer is cut; a dashboard never needs more, and memory is small.
const rowLimit = 100_000

// Run answers one query in a transaction that cannot write and is always rolled back.
func (p *Pools) Run(ctx context.Context, source provision.DataSource, query Query, span timerange.Range) frames.Result {
	if query.RawSQL == "" {
		return frames.Result{Status: http.StatusOK, Frames: []frames.Frame{}}
	}
	interval := time.Duration(query.IntervalMS * float64(time.Millisecond))
	if interval <= 0 {
		interval = time.Minute
	}
	sql, err := Expand(query.RawSQL, span, interval)
	if err != nil {
		return frames.Failed(http.StatusBadRequest, "downstream", err.Error())
	}
	pool, err := p.get(source)
	if err != nil {
		return frames.Failed(http.StatusInternalServerError, "downstream", err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	transaction, err := pool.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return frames.Failed(http.StatusInternalServerError, "downstream", readable(source, err).Error())
	}
	defer func() { _ = transaction.Rollback(context.WithoutCancel(ctx)) }()
	table, err := read(ctx, transaction, sql)
	if err != nil {
		return frames.Failed(http.StatusBadRequest, "downstream", readable(source, err).Error())
	}
	meta := map[string]any{"executedQueryString": sql}
	if table.cut {
		meta["notices"] = []map[string]string{{"severity": "warning", "text": fmt.Sprintf("Results have been limited to %d", rowLimit)}}
	}
	if query.Format == "time_series" {
		made, err := table.series(query.RefID, meta)
		if err != nil {
			return frames.Failed(http.StatusBadRequest, "downstream", err.Error())
		}
		return frames.Result{Status: http.StatusOK, Frames: made}
	}
	return frames.Result{Status: http.StatusOK, Frames: []frames.Frame{table.frame(query.RefID, meta)}}
}

func read(ctx context.Context, transaction pgx.Tx, sql string) (*table, error) {
	// Text results: every type has one, so that no type of an extension can fail.
	rows, err := transaction.Query(ctx, sql, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	collected := newTable(rows.FieldDescriptions())
	for rows.Next() {
		if len(collected.rows) >= rowLimit {
			collected.cut = true
			break
		}
		collected.add(rows.RawValues())
	}
	rows.Close()
	return collected, rows.Err()
}

// readable says what the server said, without the client's technical frame and never with connection settings.
func readable(source provision.DataSource, err error) error {
	if err == nil {
		return nil
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return fmt.Errorf("db query error: %s (SQLSTATE %s)", server.Message, server.Code)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer in time", source.Name)
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return fmt.Errorf("%s cannot be reached at %s", source.Name, source.URL)
	}
	return fmt.Errorf("%s: %w", source.Name, err)
}
