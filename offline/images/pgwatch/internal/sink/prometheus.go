package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pgai.watch/offline/pgwatch/internal/measure"
)

const (
	defaultNamespace = "pgwatch"
	// oldestServed is the official program's limit: scrapers drop older samples anyway.
	oldestServed = 10 * time.Minute
)

var validName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

type cacheKey struct{ dbname, metric string }

// promSink keeps the newest result of each metric until the next scrape. As with the official program each result is
// served once, so a second scraper takes results away from the first.
type promSink struct {
	namespace string
	listener  net.Listener
	logger    *slog.Logger
	scrapes   prometheus.Counter

	mu     sync.Mutex
	cache  map[cacheKey]measure.Envelope
	warned map[string]bool
}

func newPrometheus(rest string, logger *slog.Logger) (*promSink, error) {
	address, namespace, found := strings.Cut(rest, "/")
	if !found {
		namespace = defaultNamespace
	}
	if namespace != "" && !validName.MatchString(namespace) {
		return nil, fmt.Errorf("prometheus sink: namespace %q may hold only letters, digits and underscores", namespace)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("prometheus sink: cannot listen on %s: %w", address, err)
	}
	return &promSink{
		namespace: namespace,
		listener:  listener,
		logger:    logger.With("sink", "prometheus"),
		scrapes: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "exporter_total_scrapes", Help: "Total scrape attempts.",
		}),
		cache:  map[cacheKey]measure.Envelope{},
		warned: map[string]bool{},
	}, nil
}

func (s *promSink) Write(envelope measure.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache[cacheKey{envelope.DBName, envelope.Metric}] = envelope
}

// Run serves scrapes. Like the official program it answers at every path, /pgwatch and /metrics among them.
func (s *promSink) Run(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	if err := registry.Register(s); err != nil {
		return err
	}
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, // one bad sample must not hide the others
		ErrorLog:      slog.NewLogLogger(s.logger.Handler(), slog.LevelError),
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	s.logger.Info("serving measurements", "address", s.listener.Addr().String(), "namespace", s.namespace)
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("prometheus sink: %w", err)
	}
	return nil
}

// Describe sends nothing: what there is to serve is only known from the results.
func (s *promSink) Describe(chan<- *prometheus.Desc) {}

// Collect sends what has come since the last scrape and is not too old.
func (s *promSink) Collect(out chan<- prometheus.Metric) {
	s.scrapes.Inc()
	out <- s.scrapes
	for _, metric := range s.samples(time.Now()) {
		out <- metric
	}
}

func (s *promSink) samples(now time.Time) []prometheus.Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var samples []prometheus.Metric
	seen := map[string]bool{}
	for _, envelope := range s.cache {
		if now.Sub(envelope.Time) < oldestServed {
			samples = append(samples, s.convert(envelope, seen)...)
		}
	}
	clear(s.cache)
	return samples
}

// warnOnce logs a finding about the configuration the first time it is met. The caller holds the lock.
func (s *promSink) warnOnce(message string, args ...any) {
	id := message + fmt.Sprint(args...)
	if !s.warned[id] {
		s.warned[id] = true
		s.logger.Warn(message, args...)
	}
}
