// Package collect runs the metrics' SQL on the monitored databases and hands the results to the sinks.
package collect

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.watch/offline/pgwatch/internal/config"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
)

const (
	connectTimeout = 5 * time.Second
	idleTime       = 15 * time.Second
	// lockTimeout keeps a measurement from queueing behind, and so prolonging, somebody's exclusive lock.
	lockTimeout = "SET LOCAL lock_timeout TO '100ms'"
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
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectTimeout
	}
	conn.RuntimeParams["application_name"] = "pgwatch"
	poolConfig.MaxConns = int32(options.MaxConnections) //nolint:gosec // a handful
	poolConfig.MaxConnIdleTime = idleTime
	return pgxpool.NewWithConfig(context.Background(), poolConfig)
}

// inspect asks a server for its version and role.
func inspect(ctx context.Context, pool *pgxpool.Pool) (server, error) {
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

// fetch runs one metric's SQL in a transaction of its own, for as long as it takes.
func fetch(ctx context.Context, pool *pgxpool.Pool, sql string) ([]measure.Row, error) {
	var result []measure.Row
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockTimeout); err != nil {
			return err
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
