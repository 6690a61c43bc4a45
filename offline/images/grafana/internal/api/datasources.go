package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"pgai.example/standins/grafana/internal/prom"
	"pgai.example/standins/grafana/internal/provision"
)

// describe is Grafana's form of a data source. Of the secrets it tells only that they are set.
func describe(source provision.DataSource) map[string]any {
	secure := map[string]bool{}
	for key := range source.Secure {
		secure[key] = true
	}
	jsonData := source.JSONData
	if jsonData == nil {
		jsonData = map[string]any{}
	}
	return map[string]any{
		"id": source.ID, "uid": source.UID, "orgId": 1, "name": source.Name, "type": source.Type, "typeName": source.Type, "typeLogoUrl": "",
		"access": source.Access, "url": source.URL, "user": source.User, "database": source.Database, "basicAuth": source.BasicAuth,
		"basicAuthUser": source.BasicAuthUser, "withCredentials": false, "isDefault": source.IsDefault, "jsonData": jsonData,
		"secureJsonFields": secure, "version": 1, "readOnly": source.ReadOnly,
	}
}

func (s *Server) listSources(writer http.ResponseWriter, _ *http.Request) {
	list := make([]map[string]any, 0, len(s.Sources))
	for _, source := range s.Sources {
		list = append(list, describe(source))
	}
	respond(writer, http.StatusOK, list)
}

// find looks a source up by uid, then (older dashboards) by name, then by number.
func (s *Server) find(reference string) (provision.DataSource, bool) {
	for _, source := range s.Sources {
		if source.UID == reference {
			return source, true
		}
	}
	for _, source := range s.Sources {
		if source.Name == reference || strconv.Itoa(source.ID) == reference {
			return source, true
		}
	}
	return provision.DataSource{}, false
}

func (s *Server) source(writer http.ResponseWriter, request *http.Request) {
	s.oneSource(writer, request.PathValue("uid"), func(source provision.DataSource) string { return source.UID })
}

func (s *Server) sourceByName(writer http.ResponseWriter, request *http.Request) {
	s.oneSource(writer, request.PathValue("name"), func(source provision.DataSource) string { return source.Name })
}

func (s *Server) oneSource(writer http.ResponseWriter, wanted string, key func(provision.DataSource) string) {
	for _, source := range s.Sources {
		if key(source) == wanted {
			respond(writer, http.StatusOK, describe(source))
			return
		}
	}
	message(writer, http.StatusNotFound, "Data source not found")
}

func (s *Server) sourceHealth(writer http.ResponseWriter, request *http.Request) {
	source, found := s.find(request.PathValue("uid"))
	if !found {
		message(writer, http.StatusNotFound, "Data source not found")
		return
	}
	ctx, cancel := context.WithTimeout(request.Context(), 10*time.Second)
	defer cancel()
	success := "Database Connection OK"
	var err error
	switch {
	case source.IsPostgres():
		err = s.Pools.Check(ctx, source)
	case source.IsPrometheus():
		success, err = "Successfully queried the Prometheus API.", s.checkPrometheus(ctx, source)
	case !s.knows(source):
		notRegistered(writer)
		return
	default:
		message(writer, http.StatusNotImplemented, notSpoken(source))
		return
	}
	if err != nil {
		respond(writer, http.StatusBadRequest, map[string]any{"status": "ERROR", "message": err.Error(), "details": map[string]any{}})
		return
	}
	respond(writer, http.StatusOK, map[string]any{"status": "OK", "message": success, "details": map[string]any{}})
}

func (s *Server) checkPrometheus(ctx context.Context, source provision.DataSource) error {
	request, err := prom.NewRequest(ctx, http.MethodGet, source, "/api/v1/query?query=1%2B1", nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return &statusError{source.Name, response.Status}
	}
	return nil
}

type statusError struct{ name, status string }

func (e *statusError) Error() string { return e.name + " answered " + e.status }
