package api

import (
	"encoding/json"
	"net/http"
	"strings"
)

// login takes {"user","password"} as JSON, as Grafana's own page sends it.
func (s *Server) login(writer http.ResponseWriter, request *http.Request) {
	var given struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if !strings.HasPrefix(request.Header.Get("Content-Type"), "application/json") {
		message(writer, http.StatusBadRequest, "bad login data")
		return
	}
	body := http.MaxBytesReader(writer, request.Body, 64<<10)
	if err := json.NewDecoder(body).Decode(&given); err != nil {
		message(writer, http.StatusBadRequest, "bad login data")
		return
	}
	if !s.guard.PasswordFits(given.User, given.Password) {
		s.Log.Warn("login refused", "remote", request.RemoteAddr)
		badCredentials(writer)
		return
	}
	http.SetCookie(writer, s.guard.Begin())
	respond(writer, http.StatusOK, map[string]any{"message": "Logged in", "redirectUrl": "/"})
}

func (s *Server) logout(writer http.ResponseWriter, request *http.Request) {
	http.SetCookie(writer, s.guard.End(request))
	http.Redirect(writer, request, "/login", http.StatusFound)
}

func (s *Server) user(writer http.ResponseWriter, request *http.Request) {
	who := identity(request.Context())
	respond(writer, http.StatusOK, map[string]any{
		"id": 1, "uid": "standin-admin", "email": who.Login + "@localhost", "name": "", "login": who.Login, "theme": "",
		"orgId": 1, "isGrafanaAdmin": true, "isDisabled": false, "isExternal": false, "authLabels": []string{},
	})
}

func (s *Server) org(writer http.ResponseWriter, _ *http.Request) {
	respond(writer, http.StatusOK, map[string]any{
		"id": 1, "name": s.Settings.AnonymousOrg,
		"address": map[string]string{"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""},
	})
}

// frontendSettings is what the page needs to start: no secret, no address of a data source.
func (s *Server) frontendSettings(writer http.ResponseWriter, request *http.Request) {
	who := identity(request.Context())
	sources, defaultName := map[string]any{}, ""
	for _, source := range s.Sources {
		if !s.knows(source) {
			s.Log.Error("Could not find plugin definition for data source", "datasource_type", source.Type)
			continue
		}
		sources[source.Name] = map[string]any{
			"id": source.ID, "uid": source.UID, "name": source.Name, "type": source.Type, "isDefault": source.IsDefault,
			"url": "/api/datasources/proxy/uid/" + source.UID, "jsonData": map[string]any{"timeInterval": source.JSONText("timeInterval")},
		}
		if source.IsDefault {
			defaultName = source.Name
		}
	}
	respond(writer, http.StatusOK, map[string]any{
		"appUrl": s.Settings.RootURL, "defaultDatasource": defaultName, "datasources": sources, "panels": s.panels(),
		"anonymousEnabled": s.Settings.AnonymousOn, "disableLoginForm": false, "allowOrgCreate": false,
		"buildInfo": map[string]any{"version": Version, "commit": "stand-in", "edition": "Open Source", "env": "production"},
		"standIn":   StandIn, "defaultTheme": s.Settings.DefaultTheme,
		"user": map[string]any{"login": who.Login, "orgRole": who.Role, "isSignedIn": !who.Anonymous && who.Login != ""},
	})
}
