// Package sink stores measurements: for Prometheus to scrape, and in a PostgreSQL database.
package sink

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
)

// Sink takes measurements. Write never waits for anything slow.
type Sink interface {
	// Write hands over the newest result of a metric.
	Write(envelope measure.Envelope)
	// Run works until the context ends, then stores what is left in well under a second.
	Run(ctx context.Context) error
}

// Options are what the sinks need of the command line.
type Options struct {
	BatchingDelay time.Duration
	Retention     string        // days, or a PostgreSQL interval; "0" keeps all
	Maintenance   time.Duration // 0 never deletes
}

// New makes the sink of one --sink URI. A database has to answer within a few seconds, and a listening address to be free.
func New(ctx context.Context, uri string, options Options, secrets *logging.Secrets, logger *slog.Logger) (Sink, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found || rest == "" {
		return nil, fmt.Errorf("sink %q is not of the form scheme://address", uri)
	}
	switch scheme {
	case "prometheus":
		return newPrometheus(rest, logger)
	case "postgres", "postgresql":
		return newPostgres(ctx, uri, options, secrets, logger)
	default:
		return nil, fmt.Errorf("sink %q: the stand-in supports postgresql:// and prometheus:// only", uri)
	}
}
