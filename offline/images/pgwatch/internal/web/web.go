// Package web answers the liveness and readiness probes.
package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server serves the probes. The official web interface is not part of the stand-in.
type Server struct {
	listener net.Listener
	basePath string
	ready    func() bool
}

// New takes the address; ready says whether all sinks can store and the sources are loaded.
func New(address, basePath string, ready func() bool) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--web-addr: cannot listen on %s: %w", address, err)
	}
	return &Server{listener: listener, basePath: basePath, ready: ready}, nil
}

// Run answers until the context ends.
func (s *Server) Run(ctx context.Context) error {
	prefix := ""
	if s.basePath != "" {
		prefix = "/" + s.basePath
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/liveness", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, ctx.Err() == nil, "unavailable")
	})
	mux.HandleFunc("GET "+prefix+"/readiness", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.ready(), "busy")
	})
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

func answer(w http.ResponseWriter, good bool, otherwise string) {
	w.Header().Set("Content-Type", "application/json")
	status := "ok"
	if !good {
		status = otherwise
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintf(w, `{"status": %q}`, status)
}
