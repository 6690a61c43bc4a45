package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/measure"
)

const (
	// tableComment marks the tables that may be cleaned up; it is the official one.
	tableComment    = "pgwatch-generated-metric-lvl"
	undefinedTable  = "42P01"
	undefinedColumn = "42703"
	// schemaLock keeps two collectors from creating the same objects at once.
	schemaLock = 778_304_112
)

// tables knows the layout of the sink database.
type tables struct {
	pool    *pgxpool.Pool
	logger  *slog.Logger
	known   map[string]bool   // table, and table+dbname in the listing
	failing map[string]string // last error by metric, logged once each
}

func newTables(pool *pgxpool.Pool, logger *slog.Logger) *tables {
	return &tables{pool: pool, logger: logger, known: map[string]bool{}, failing: map[string]string{}}
}

// prepare creates the listing of sources and metrics that dashboards use for their drop-downs.
func (t *tables) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{
			fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", schemaLock),
			"CREATE SCHEMA IF NOT EXISTS admin",
			`CREATE TABLE IF NOT EXISTS admin.all_distinct_dbname_metrics (
				dbname text NOT NULL, metric text NOT NULL, created_on timestamptz NOT NULL DEFAULT now(),
				PRIMARY KEY (dbname, metric))`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// ensure creates a metric's table and lists it, unless that has been done.
func (t *tables) ensure(ctx context.Context, metric, dbname string) error {
	if t.known[metric+"\x00"+dbname] {
		return nil
	}
	table := pgx.Identifier{"public", metric}.Sanitize()
	return pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", schemaLock)); err != nil {
			return err
		}
		var exists, partitioned bool
		if err := tx.QueryRow(ctx,
			"SELECT count(*) > 0, coalesce(bool_or(relkind = 'p'), false) FROM pg_class WHERE oid = to_regclass($1)", table,
		).Scan(&exists, &partitioned); err != nil {
			return err
		}
		if partitioned {
			if err := t.partition(ctx, tx, table, metric, dbname); err != nil {
				return err
			}
		}
		if !exists {
			for _, sql := range []string{
				"CREATE TABLE " + table + " (time timestamptz NOT NULL DEFAULT now(), dbname text NOT NULL, data jsonb NOT NULL, tag_data jsonb)",
				"CREATE INDEX ON " + table + " (dbname, time)",
				"COMMENT ON TABLE " + table + " IS '" + tableComment + "'",
			} {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec(ctx,
			"INSERT INTO admin.all_distinct_dbname_metrics (dbname, metric) VALUES ($1, $2) ON CONFLICT DO NOTHING",
			dbname, metric); err != nil {
			return err
		}
		t.known[metric+"\x00"+dbname] = true
		return nil
	})
}

// partition gives a source its part of a table that somebody has made partitioned by source, as the official program's are.
func (t *tables) partition(ctx context.Context, tx pgx.Tx, table, metric, dbname string) error {
	part := pgx.Identifier{"subpartitions", metric + "_" + dbname}.Sanitize()
	literal := "'" + strings.ReplaceAll(dbname, "'", "''") + "'"
	for _, sql := range []string{
		"CREATE SCHEMA IF NOT EXISTS subpartitions",
		"CREATE TABLE IF NOT EXISTS " + part + " PARTITION OF " + table + " FOR VALUES IN (" + literal + ")",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// write stores a batch in the order of its metrics' names. Of a result that the database refuses it is logged, and the
// others go on. An error means that the database is away, or that a table is a misfit; then rest is what is still to be
// written.
func (t *tables) write(ctx context.Context, batch []measure.Envelope) (rest []measure.Envelope, err error) {
	slices.SortStableFunc(batch, func(a, b measure.Envelope) int { return strings.Compare(a.Metric, b.Metric) })
	for i, envelope := range batch {
		err := t.store(ctx, envelope)
		if err != nil && (ctx.Err() != nil || lost(err)) {
			return batch[i:], err
		}
		t.report(envelope.Metric, err)
		if misfit(err) {
			return batch[i:], err
		}
	}
	return nil, nil
}

// misfit says whether the table that a metric's name leads to is none of pgwatch's, or gone.
func misfit(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && (answer.Code == undefinedTable || answer.Code == undefinedColumn)
}

// report logs a metric's failure once, until it changes or ends.
func (t *tables) report(metric string, err error) {
	switch earlier, failed := t.failing[metric]; {
	case err != nil && err.Error() != earlier:
		t.failing[metric] = err.Error()
		t.logger.Error("measurements of one metric cannot be stored: "+err.Error(), "metric", metric)
	case err == nil && failed:
		delete(t.failing, metric)
		t.logger.Info("measurements of one metric are stored again", "metric", metric)
	}
}

func (t *tables) store(ctx context.Context, envelope measure.Envelope) error {
	if err := t.ensure(ctx, envelope.Metric, envelope.DBName); err != nil {
		return err
	}
	// Without its schema, as the official program names it: what it leads to is for the role's search path to say.
	_, err := t.pool.CopyFrom(ctx, pgx.Identifier{envelope.Metric},
		[]string{"time", "dbname", "data", "tag_data"},
		pgx.CopyFromSlice(len(envelope.Rows), func(i int) ([]any, error) { return record(envelope, envelope.Rows[i]) }))
	return err
}

// record splits a row into data and tags, both as JSON.
func record(envelope measure.Envelope, row measure.Row) ([]any, error) {
	data := make(map[string]any, len(row))
	tags := make(map[string]string, len(envelope.Tags)+len(row))
	for name, value := range envelope.Tags {
		tags[name] = value
	}
	for column, value := range row {
		if tag, isTag := strings.CutPrefix(column, measure.TagPrefix); isTag {
			tags[tag] = measure.Label(value)
		} else {
			data[column] = measure.Plain(value)
		}
	}
	dataText, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	tagText, err := json.Marshal(tags)
	return []any{envelope.Time, envelope.DBName, string(dataText), string(tagText)}, err
}

// deleteOld deletes what is older than the retention and returns the number of rows.
func (t *tables) deleteOld(ctx context.Context, retention string) (deleted int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, deleteTimeout)
	defer cancel()
	interval := retention
	if days, err := strconv.Atoi(retention); err == nil {
		interval = fmt.Sprintf("%d days", days)
	}
	var oldest *time.Time
	err = t.pool.QueryRow(ctx, "SELECT CASE WHEN $1::interval > '0' THEN now() - $1::interval END", interval).Scan(&oldest)
	if err != nil || oldest == nil {
		return 0, err
	}
	rows, err := t.pool.Query(ctx, `SELECT a.dbname, c.relname FROM admin.all_distinct_dbname_metrics a
		JOIN pg_class c ON c.relname = a.metric AND c.relnamespace = 'public'::regnamespace
		WHERE obj_description(c.oid, 'pg_class') = $1`, tableComment)
	if err != nil {
		return 0, err
	}
	type listed struct{ DBName, Metric string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[listed])
	if err != nil {
		return 0, err
	}
	for _, one := range all {
		table := pgx.Identifier{"public", one.Metric}.Sanitize()
		result, err := t.pool.Exec(ctx, "DELETE FROM "+table+" WHERE dbname = $1 AND time < $2", one.DBName, *oldest)
		if err != nil {
			return deleted, err
		}
		deleted += result.RowsAffected()
	}
	return deleted, nil
}
