package api

import (
	"net/http"

	"pgai.example/standins/grafana/internal/provision"
)

// knows tells whether the data source's plugin is there, be it Grafana's own or installed.
func (s *Server) knows(source provision.DataSource) bool {
	_, found := s.Plugins.Find("datasource", source.Type)
	return found
}

func notRegistered(writer http.ResponseWriter) {
	fault(writer, http.StatusNotFound, "plugin.notRegistered", "Plugin not registered")
}

// listPlugins is Grafana's own plugins and the installed ones.
func (s *Server) listPlugins(writer http.ResponseWriter, _ *http.Request) {
	listed := make([]map[string]any, 0, len(s.Plugins))
	for _, plugin := range s.Plugins {
		signature := "valid"
		if plugin.Core {
			signature = "internal"
		}
		listed = append(listed, map[string]any{
			"id": plugin.ID, "name": plugin.Name, "type": plugin.Type, "enabled": true, "pinned": false, "hasUpdate": false,
			"info": map[string]any{"version": plugin.Info.Version}, "signature": signature,
		})
	}
	respond(writer, http.StatusOK, listed)
}

// panels is what the page needs to tell a missing panel plugin from one that the stand-in does not draw.
func (s *Server) panels() map[string]any {
	panels := map[string]any{}
	for _, plugin := range s.Plugins {
		if plugin.Type == "panel" {
			panels[plugin.ID] = map[string]any{"id": plugin.ID, "name": plugin.Name}
		}
	}
	return panels
}
