package api

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"pgai.example/standins/grafana/internal/prom"
	"pgai.example/standins/grafana/internal/provision"
)

// What may be reached through the proxy by another method than GET, each with all below it, and by whom. These are the routes
// of Grafana's Prometheus plugin; a GET may go anywhere, whatever it does there.
var proxyRoutes = []struct {
	method, path string
	viewer       bool
}{
	{http.MethodPost, "api/v1/query", true},
	{http.MethodPost, "api/v1/query_range", true},
	{http.MethodPost, "api/v1/series", true},
	{http.MethodPost, "api/v1/labels", true},
	{http.MethodPost, "api/v1/query_exemplars", true},
	{http.MethodPost, "rules", false},
	{http.MethodDelete, "rules", false},
	{http.MethodDelete, "config/v1/rules", false},
	{http.MethodPost, "config/v1/rules", false},
}

// proxy passes a request on to a data source that speaks HTTP.
func (s *Server) proxy(writer http.ResponseWriter, request *http.Request) {
	source, found := s.find(request.PathValue("uid") + request.PathValue("id"))
	if !found {
		message(writer, http.StatusNotFound, "Unable to find datasource")
		return
	}
	if !source.IsPrometheus() {
		message(writer, http.StatusBadRequest, "Only data sources that speak HTTP can be reached through the proxy.")
		return
	}
	path := strings.TrimPrefix(request.PathValue("path"), "/")
	if refusal := refuse(request.Method, path, identity(request.Context()).Role); refusal != "" {
		message(writer, http.StatusForbidden, refusal)
		return
	}
	s.forward(writer, request, source, path)
}

func refuse(method, path, role string) string {
	for _, route := range proxyRoutes {
		if method == route.method && strings.HasPrefix(path, route.path) {
			if route.viewer || role != "Viewer" {
				return ""
			}
			return "plugin proxy route access denied"
		}
	}
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodDelete:
		return "non allow-listed " + method + "s not allowed on proxied Prometheus datasource"
	}
	return ""
}

// resource is what a data source's plugin answers beside queries. Prometheus's passes everything on, by any method.
func (s *Server) resource(writer http.ResponseWriter, request *http.Request) {
	source, found := s.find(request.PathValue("uid"))
	switch {
	case !found:
		message(writer, http.StatusNotFound, "Data source not found")
	case source.IsPrometheus():
		path := request.PathValue("path")
		if path == "version-detect" {
			path = "api/v1/status/buildinfo"
		}
		s.forward(writer, request, source, strings.TrimPrefix(path, "/"))
	case !s.knows(source):
		notRegistered(writer)
	default:
		fault(writer, http.StatusNotImplemented, "plugin.notImplemented", "Method not implemented")
	}
}

func (s *Server) forward(writer http.ResponseWriter, request *http.Request, source provision.DataSource, path string) {
	target := (&url.URL{Path: "/" + path}).EscapedPath()
	if request.URL.RawQuery != "" {
		target += "?" + request.URL.RawQuery
	}
	outgoing, err := prom.NewRequest(request.Context(), request.Method, source, target, http.MaxBytesReader(writer, request.Body, 1<<20))
	if err != nil {
		message(writer, http.StatusBadGateway, err.Error())
		return
	}
	for _, name := range []string{"Content-Type", "Accept"} {
		if value := request.Header.Get(name); value != "" {
			outgoing.Header.Set(name, value)
		}
	}
	response, err := s.client.Do(outgoing)
	if err != nil {
		message(writer, http.StatusBadGateway, source.Name+" does not answer.")
		return
	}
	defer func() { _ = response.Body.Close() }()
	writer.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	// The answer comes from elsewhere: it must not be able to act as a page of this site.
	writer.Header().Set("Content-Security-Policy", "sandbox")
	writer.WriteHeader(response.StatusCode)
	_, _ = io.Copy(writer, response.Body)
}
