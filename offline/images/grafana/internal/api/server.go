// Package api serves the part of Grafana's HTTP interface that a preview relies on.
package api

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"pgai.example/standins/grafana/internal/access"
	"pgai.example/standins/grafana/internal/plugins"
	"pgai.example/standins/grafana/internal/postgres"
	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/settings"
)

// Version is the Grafana version whose interface is kept.
const Version = "12.0.2"

// StandIn is what every answer about the program itself says.
const StandIn = "Grafana stand-in (not Grafana): it keeps the interface of grafana/grafana:" + Version

// Server holds what the handlers share.
type Server struct {
	Settings   settings.Settings
	Sources    []provision.DataSource
	Dashboards *provision.Dashboards
	Plugins    plugins.Registry
	Pools      *postgres.Pools
	Log        *slog.Logger
	Page       http.Handler
	Static     http.Handler

	guard   *access.Guard
	devices devices
	client  *http.Client
	counter counters
	started time.Time
}

// Handler wires the routes. Every route states the least level that it needs.
func (s *Server) Handler() http.Handler {
	s.guard = access.NewGuard(s.Settings)
	s.client = &http.Client{Timeout: time.Duration(s.Settings.QueryTimeoutMS) * time.Millisecond}
	s.started = time.Now()
	mux := http.NewServeMux()
	route := func(pattern string, need access.Level, handler http.HandlerFunc) {
		mux.Handle(pattern, s.require(need, handler))
	}
	route("GET /api/health", access.Public, s.health)
	route("GET /healthz", access.Public, s.healthz)
	route("GET /metrics", access.Public, s.metrics)
	route("GET /public/", access.Public, s.Static.ServeHTTP)
	route("GET /login", access.Public, s.Page.ServeHTTP)
	route("POST /login", access.Public, s.login)
	route("GET /logout", access.Public, s.logout)

	route("GET /api/user", access.SignedIn, s.user)
	route("GET /api/org", access.Viewer, s.org)
	route("GET /api/org/{$}", access.Viewer, s.org)
	route("GET /api/frontend/settings", access.Viewer, s.frontendSettings)
	route("GET /api/search", access.Viewer, s.search)
	route("GET /api/folders", access.Viewer, s.folders)
	route("GET /api/annotations", access.Viewer, s.annotations)
	route("GET /api/dashboards/home", access.Viewer, s.home)
	route("GET /api/dashboards/uid/{uid}", access.Viewer, s.dashboard)
	route("GET /api/datasources", access.Admin, s.listSources)
	route("GET /api/datasources/{$}", access.Admin, s.listSources)
	route("GET /api/datasources/uid/{uid}", access.Admin, s.source)
	route("GET /api/datasources/name/{name}", access.Admin, s.sourceByName)
	route("GET /api/datasources/uid/{uid}/health", access.Viewer, s.sourceHealth)
	route("POST /api/ds/query", access.Viewer, s.query)
	route("POST /api/short-urls", access.Viewer, s.shortURL)
	route("POST /api/short-urls/{$}", access.Viewer, s.shortURL)
	route("GET /api/anonymous/devices", access.Admin, s.listDevices)
	route("GET /api/plugins", access.Viewer, s.listPlugins)
	route("/api/datasources/proxy/uid/{uid}/{path...}", access.Viewer, s.proxy)
	route("/api/datasources/proxy/{id}/{path...}", access.Viewer, s.proxy)
	route("/api/datasources/uid/{uid}/resources/{path...}", access.Viewer, s.resource)
	route("/api/", access.Viewer, s.unknown)
	for _, pattern := range []string{"GET /{$}", "GET /dashboards", "GET /d/{uid}", "GET /d/{uid}/{slug}", "GET /d/{uid}/{slug}/{$}"} {
		route(pattern, access.Viewer, s.Page.ServeHTTP)
	}
	route("/", access.Viewer, s.notFoundPage)
	return s.observe(mux)
}

// require identifies the visitor and refuses in Grafana's words.
func (s *Server) require(need access.Level, handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		who, wrong := s.guard.Identify(request)
		if wrong && need != access.Public {
			badCredentials(writer)
			return
		}
		if who != nil && who.Anonymous {
			s.devices.tag(request)
		}
		switch access.Decide(who, need) {
		case access.Unauthenticated:
			if !strings.HasPrefix(request.URL.Path, "/api/") {
				http.Redirect(writer, request, "/login", http.StatusFound)
				return
			}
			unauthorized(writer)
			return
		case access.Forbidden:
			denied(writer, request)
			return
		case access.Allowed:
		}
		if who != nil && !who.Anonymous && access.ForeignOrigin(request) {
			message(writer, http.StatusForbidden, "origin not allowed")
			return
		}
		handler(writer, request.WithContext(withIdentity(request.Context(), who)))
	})
}

// unknown answers everything under /api/ that the stand-in does not have. Nobody can change anything: dashboards and data
// sources come from files.
func (s *Server) unknown(writer http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		message(writer, http.StatusNotFound, "Not found")
		return
	}
	if who := identity(request.Context()); who.Role != "Admin" {
		denied(writer, request)
		return
	}
	message(writer, http.StatusNotImplemented, "The Grafana stand-in cannot change anything: edit the provisioning files instead.")
}

func (s *Server) notFoundPage(writer http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		message(writer, http.StatusMethodNotAllowed, "Method not allowed")
		return
	}
	http.Error(writer, "Page not found. Start at / or /dashboards.", http.StatusNotFound)
}
