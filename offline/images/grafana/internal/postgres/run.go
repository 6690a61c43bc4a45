package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

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

// Run answers one query. As in Grafana it is any SQL, several statements too: what they may do is the database role's business.
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
	connection, err := pool.Acquire(ctx)
	if err != nil {
		return frames.Failed(http.StatusInternalServerError, "downstream", readable(source, err).Error())
	}
	defer connection.Release()
	table, err := read(ctx, connection.Conn().PgConn(), sql)
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

// read keeps the rows of the first statement that has any, as text: every type has one, so that no type of an extension can fail.
func read(ctx context.Context, connection *pgconn.PgConn, sql string) (*table, error) {
	results := connection.Exec(ctx, sql)
	var collected *table
	for results.NextResult() {
		rows := results.ResultReader()
		if descriptions := rows.FieldDescriptions(); collected == nil && len(descriptions) > 0 {
			collected = newTable(descriptions)
			for rows.NextRow() {
				if len(collected.rows) >= rowLimit {
					collected.cut = true
					break
				}
				collected.add(rows.Values())
			}
		}
		if _, err := rows.Close(); err != nil {
			break // It comes again from the whole.
		}
	}
	if err := results.Close(); err != nil {
		return nil, err
	}
	if collected == nil {
		collected = newTable(nil)
	}
	return collected, nil
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
