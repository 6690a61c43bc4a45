package api

import (
	"io"
	"net/http"
	"regexp"
	"strings"

	"pgai.example/standins/grafana/internal/prom"
)

// What a viewer may reach through the proxy: reading only. VictoriaMetrics also deletes and imports by GET, therefore this
// is a list of what is good and not of what is bad.
var readable = regexp.MustCompile(`^api/v1/(query|query_range|query_exemplars|series|labels|label/[^/]+/values|metadata|rules|alerts|targets|format_query|parse_query|status/(buildinfo|config|flags|runtimeinfo|tsdb))$`)

// proxy passes reading requests on to a Prometheus data source.
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
	path := strings.Trim(request.PathValue("path"), "/")
	if !readable.MatchString(path) {
		message(writer, http.StatusForbidden, "Non-reading paths are not allowed through the data source proxy.")
		return
	}
	target := "/" + path
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
