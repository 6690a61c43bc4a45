// Package collect runs the metrics' SQL on the monitored databases and hands the results to the sinks.
package collect

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/config"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
)

const (
	defaultStatementTimeout = 15 * time.Second
	// lockTimeout keeps a measurement from queueing behind, and so prolonging, somebody's exclusive lock.
	lockTimeout = time.Second
	idleTime    = 2 * time.Minute
	// graceOverTimeout is how much longer than the server's own timeout an answer is waited for.
	graceOverTimeout = 3 * time.Second
)

// server is what is known of a monitored server after connecting.
type server struct {
	majorVersion int
	version      string
	inRecovery   bool
	database     string
	systemID     string // empty if the role may not ask
}

// newPool makes the pool of a source; it connects on first use.
func newPool(source config.Source, options Options, secrets *logging.Secrets) (*pgxpool.Pool, error) {
	poolConfig, err := pgxpool.ParseConfig(source.ConnStr)
	if err != nil {
		return nil, err
	}
	conn := poolConfig.ConnConfig
	secrets.Add(conn.Password)
	conn.ConnectTimeout = options.ConnectTimeout
	// Tables come and go in a monitored database: a cached plan could have another result type.
	conn.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	for name, value := range map[string]string{
		"application_name":  "pgwatch",
		"statement_timeout": milliseconds(statementTimeout(source, config.Metric{})),
		"lock_timeout":      milliseconds(lockTimeout),
	} {
		if conn.RuntimeParams[name] == "" || name == "application_name" {
			conn.RuntimeParams[name] = value
		}
	}
	poolConfig.MaxConns = int32(options.MaxConnections) //nolint:gosec // a handful
	poolConfig.MaxConnIdleTime = idleTime
	return pgxpool.NewWithConfig(context.Background(), poolConfig)
}

// statementTimeout is how long a metric's statement may run: the metric's own limit, the source's, or the default.
func statementTimeout(source config.Source, metric config.Metric) time.Duration {
	for _, seconds := range []int{metric.StatementTimeout, source.StmtTimeout} {
		if seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return defaultStatementTimeout
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// inspect asks a server for its version and role. It waits for an answer no longer than for a metric's.
func inspect(ctx context.Context, pool *pgxpool.Pool) (server, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultStatementTimeout+graceOverTimeout)
	defer cancel()
	var found server
	var versionNumber int
	err := pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int4, current_setting('server_version'),
		pg_is_in_recovery(), current_database()::text`).
		Scan(&versionNumber, &found.version, &found.inRecovery, &found.database)
	if err != nil {
		return server{}, err
	}
	found.majorVersion = versionNumber / 10_000
	var systemID string
	if err := pool.QueryRow(ctx, "SELECT system_identifier::text FROM pg_control_system()").Scan(&systemID); err == nil {
		found.systemID = systemID
	}
	return found, ctx.Err()
}

// fetch runs one metric's SQL in a transaction of its own.
func fetch(ctx context.Context, pool *pgxpool.Pool, sql string, timeout time.Duration) ([]measure.Row, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+graceOverTimeout)
	defer cancel()
	var result []measure.Row
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if milliseconds(timeout) != pool.Config().ConnConfig.RuntimeParams["statement_timeout"] {
			if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = "+milliseconds(timeout)); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, sql)
		if err != nil {
			return err
		}
		result, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (measure.Row, error) { return pgx.RowToMap(row) })
		return err
	})
	return result, err
}

// gone says whether the server takes no new connection; the pool's own may all be busy or stale.
func gone(ctx context.Context, pool *pgxpool.Pool) bool {
	conn, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return true
	}
	_ = conn.Close(ctx)
	return false
}
