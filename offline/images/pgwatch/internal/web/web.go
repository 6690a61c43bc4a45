// Package web answers the liveness and readiness probes.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Server serves the probes. The official web interface is not part of the stand-in.
type Server struct {
	listener net.Listener
	basePath string
}

// New takes the address. It is taken last of all, so whatever answers on it is ready.
func New(address, basePath string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--web-addr: cannot listen on %s: %w", address, err)
	}
	return &Server{listener: listener, basePath: basePath}, nil
}

// Run answers until the context ends.
func (s *Server) Run(ctx context.Context) error {
	prefix := ""
	if s.basePath != "" {
		prefix = "/" + s.basePath
	}
	mux := http.NewServeMux()
	for _, probe := range []string{"/liveness", "/readiness"} {
		mux.HandleFunc("GET "+prefix+probe, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"status": "ok"}`)
		})
	}
	mux.HandleFunc("GET "+prefix+"/{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "pgwatch stand-in: it has no web interface, only /liveness and /readiness")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web address: %w", err)
	}
	return nil
}
