package api

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

type counters struct {
	byClass [6]atomic.Uint64 // by first digit of the status
	queries atomic.Uint64
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// observe counts and logs requests, sets the headers that every answer has, and turns a crash into one sentence.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		recorded, begun := &recorder{writer, http.StatusOK}, time.Now()
		header := writer.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "deny")
		header.Set("Referrer-Policy", "same-origin")
		defer func() {
			if crash := recover(); crash != nil {
				s.Log.Error("request crashed", "path", request.URL.Path, "error", fmt.Sprint(crash), "stack", string(debug.Stack()))
				message(recorded, http.StatusInternalServerError, "An unexpected error happened. See the server log for details.")
			}
			s.counter.byClass[min(recorded.status/100, 5)].Add(1)
			s.Log.Debug("request", "method", request.Method, "path", request.URL.Path, "status", recorded.status,
				"ms", time.Since(begun).Milliseconds())
		}()
		next.ServeHTTP(recorded, request)
	})
}

func (s *Server) health(writer http.ResponseWriter, _ *http.Request) {
	respond(writer, http.StatusOK, map[string]string{"database": "ok", "version": Version, "commit": "stand-in", "standIn": StandIn})
}

func (s *Server) healthz(writer http.ResponseWriter, _ *http.Request) {
	_, _ = writer.Write([]byte("Ok"))
}

// metrics is the small part of Grafana's own metrics that a preview's self-monitoring looks at.
func (s *Server) metrics(writer http.ResponseWriter, _ *http.Request) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var text strings.Builder
	line := func(kind, name, help, labels string, value float64) {
		if help != "" {
			fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		}
		fmt.Fprintf(&text, "%s%s %g\n", name, labels, value)
	}
	line("gauge", "grafana_build_info", "Version whose interface this stand-in keeps.",
		fmt.Sprintf(`{version=%q,edition="stand-in",goversion=%q}`, Version, runtime.Version()), 1)
	line("gauge", "grafana_stat_totals_dashboard", "Dashboards loaded.", "", float64(len(s.Dashboards.All())))
	line("gauge", "grafana_stat_total_datasources", "Data sources provisioned.", "", float64(len(s.Sources)))
	for class := 1; class <= 5; class++ {
		help := ""
		if class == 1 {
			help = "HTTP answers by class of status."
		}
		line("counter", "grafana_http_request_total", help, fmt.Sprintf(`{status_class="%dxx"}`, class), float64(s.counter.byClass[class].Load()))
	}
	line("counter", "grafana_datasource_request_total", "Data source queries.", "", float64(s.counter.queries.Load()))
	line("gauge", "process_start_time_seconds", "Start of the process since 1970.", "", float64(s.started.Unix()))
	line("gauge", "process_resident_memory_bytes", "Resident memory.", "", residentBytes())
	line("gauge", "go_goroutines", "Goroutines.", "", float64(runtime.NumGoroutine()))
	line("gauge", "go_memstats_heap_alloc_bytes", "Heap in use.", "", float64(memory.HeapAlloc))
	writer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = writer.Write([]byte(text.String()))
}

func residentBytes() float64 {
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident float64
	if _, err := fmt.Sscan(string(content), &size, &resident); err != nil {
		return 0
	}
	return resident * float64(os.Getpagesize())
}
