package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"pgai.example/standins/grafana/internal/frames"
	"pgai.example/standins/grafana/internal/postgres"
	"pgai.example/standins/grafana/internal/prom"
	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/timerange"
)

type queryRequest struct {
	From    string            `json:"from"`
	To      string            `json:"to"`
	Queries []json.RawMessage `json:"queries"`
}

type queryHead struct {
	RefID        string          `json:"refId"`
	Hide         bool            `json:"hide"`
	DatasourceID int             `json:"datasourceId"`
	Datasource   json.RawMessage `json:"datasource"`
}

// query answers POST /api/ds/query. As in Grafana the whole answer is 400 when one query failed, and says which.
func (s *Server) query(writer http.ResponseWriter, request *http.Request) {
	var asked queryRequest
	if err := json.NewDecoder(http.MaxBytesReader(writer, request.Body, 4<<20)).Decode(&asked); err != nil {
		message(writer, http.StatusBadRequest, "bad request data")
		return
	}
	if len(asked.Queries) == 0 {
		message(writer, http.StatusBadRequest, "No queries found in query")
		return
	}
	span, err := timerange.Parse(orDefault(asked.From, "now-1h"), orDefault(asked.To, "now"), time.Now())
	if err != nil {
		message(writer, http.StatusBadRequest, err.Error())
		return
	}
	results, status := map[string]frames.Result{}, http.StatusOK
	var mutex sync.Mutex
	var group sync.WaitGroup
	for _, raw := range asked.Queries {
		var head queryHead
		if err := json.Unmarshal(raw, &head); err != nil {
			message(writer, http.StatusBadRequest, "bad request data")
			return
		}
		if head.Hide {
			continue
		}
		source, builtIn, found := s.sourceOf(head)
		if !found {
			message(writer, http.StatusNotFound, "Data source not found")
			return
		}
		if !builtIn && !s.knows(source) {
			notRegistered(writer)
			return
		}
		group.Add(1)
		go func() {
			defer group.Done()
			result := frames.Result{Status: http.StatusOK, Frames: []frames.Frame{}}
			if !builtIn {
				result = s.run(request.Context(), source, raw, span)
			}
			mutex.Lock()
			defer mutex.Unlock()
			results[orDefault(head.RefID, "A")] = result
			if result.Error != "" {
				status = http.StatusBadRequest
			}
		}()
	}
	group.Wait()
	s.counter.queries.Add(uint64(len(results)))
	respond(writer, status, map[string]any{"results": results})
}

// sourceOf understands {"uid"}, a plain name (old dashboards), a number, and nothing (the default). builtIn is Grafana's own
// "-- Grafana --" source, which has no data here.
func (s *Server) sourceOf(head queryHead) (source provision.DataSource, builtIn, found bool) {
	var reference struct {
		UID string `json:"uid"`
	}
	var name string
	if err := json.Unmarshal(head.Datasource, &reference); err != nil {
		_ = json.Unmarshal(head.Datasource, &name)
		reference.UID = name
	}
	switch reference.UID {
	case "grafana", "-- Grafana --":
		return provision.DataSource{}, true, true
	case "":
		if head.DatasourceID != 0 {
			source, found = s.find(fmt.Sprint(head.DatasourceID))
			return source, false, found
		}
		for _, candidate := range s.Sources {
			if candidate.IsDefault {
				return candidate, false, true
			}
		}
		return provision.DataSource{}, false, false
	}
	source, found = s.find(reference.UID)
	return source, false, found
}

func (s *Server) run(ctx context.Context, source provision.DataSource, raw json.RawMessage, span timerange.Range) frames.Result {
	switch {
	case source.IsPrometheus():
		var query prom.Query
		if err := json.Unmarshal(raw, &query); err != nil {
			return frames.Failed(http.StatusBadRequest, "plugin", "the query is not a valid Prometheus query: "+err.Error())
		}
		return prom.Run(ctx, s.client, source, query, span)
	case source.IsPostgres():
		var query postgres.Query
		if err := json.Unmarshal(raw, &query); err != nil {
			return frames.Failed(http.StatusBadRequest, "plugin", "the query is not a valid PostgreSQL query: "+err.Error())
		}
		return s.Pools.Run(ctx, source, query, span)
	}
	return frames.Failed(http.StatusInternalServerError, "plugin", notSpoken(source))
}

func notSpoken(source provision.DataSource) string {
	return fmt.Sprintf("The Grafana stand-in speaks to prometheus and postgres, not to %s: Grafana would run that plugin.", source.Type)
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
