package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pgai.example/standins/grafana/internal/provision"
)

// Grafana's own limits: it opens a connection for each query that runs and keeps them open.
const (
	defaultOpen    = 100
	connectionLife = 4 * time.Hour
)

// Pools keeps one lazily opened connection pool a data source.
type Pools struct {
	mutex   sync.Mutex
	open    map[string]*pgxpool.Pool
	timeout time.Duration
}

// NewPools makes an empty set; timeout bounds every statement.
func NewPools(timeout time.Duration) *Pools {
	return &Pools{open: map[string]*pgxpool.Pool{}, timeout: timeout}
}

// Close ends all connections.
func (p *Pools) Close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, pool := range p.open {
		pool.Close()
	}
}

func (p *Pools) get(source provision.DataSource) (*pgxpool.Pool, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if pool, found := p.open[source.UID]; found {
		return pool, nil
	}
	config, err := p.config(source)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("the connection settings of %s are not valid", source.Name)
	}
	p.open[source.UID] = pool
	return pool, nil
}

func (p *Pools) config(source provision.DataSource) (*pgxpool.Config, error) {
	mode := source.JSONText("sslmode")
	if mode == "" {
		mode = "require"
	}
	host, port := source.URL, uint64(5432)
	if name, number, err := net.SplitHostPort(source.URL); err == nil {
		if port, err = strconv.ParseUint(number, 10, 16); err != nil {
			return nil, fmt.Errorf("the address of %s has no valid port", source.Name)
		}
		host = name
	}
	// Host, user and password are set below and not in this text, so that nothing needs quoting.
	config, err := pgxpool.ParseConfig("host=placeholder sslmode=" + mode)
	if err != nil {
		return nil, fmt.Errorf("sslmode %q of %s is not known", mode, source.Name)
	}
	database := source.Database
	if database == "" {
		database = source.JSONText("database")
	}
	connection := config.ConnConfig
	connection.Host, connection.Port = host, uint16(port)
	connection.User, connection.Password, connection.Database = source.User, source.Secure["password"], database
	connection.Fallbacks = nil
	connection.ConnectTimeout = 5 * time.Second
	if connection.TLSConfig != nil {
		connection.TLSConfig.ServerName = host
	}
	// Nothing that the database or its role sets is set otherwise here.
	connection.RuntimeParams = map[string]string{"application_name": "grafana stand-in", "datestyle": "ISO, MDY"}
	config.MaxConns, config.MaxConnIdleTime, config.MaxConnLifetime = defaultOpen, connectionLife, connectionLife
	if limit, ok := source.JSONData["maxOpenConns"].(int); ok && limit > 0 {
		config.MaxConns = int32(min(limit, defaultOpen))
	}
	return config, nil
}

// Check opens a connection and asks the server for its version.
func (p *Pools) Check(ctx context.Context, source provision.DataSource) error {
	pool, err := p.get(source)
	if err != nil {
		return err
	}
	return readable(source, pool.Ping(ctx))
}
