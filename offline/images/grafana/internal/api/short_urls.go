package api

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

type shortURLRequest struct {
	Path string `json:"path"`
}

// shortURL answers POST /api/short-urls. Grafana takes it from anybody who may look and keeps a path of any length in its
// database for good; here nothing is kept, so nothing leads anywhere.
func (s *Server) shortURL(writer http.ResponseWriter, request *http.Request) {
	var asked shortURLRequest
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
		message(writer, http.StatusBadRequest, "bad request data")
		return
	}
	if strings.HasPrefix(asked.Path, "/") {
		fault(writer, http.StatusBadRequest, "shorturl.absolute-path", "Path should be relative")
		return
	}
	random := make([]byte, 7)
	_, _ = rand.Read(random)
	uid := hex.EncodeToString(random)
	respond(writer, http.StatusOK, map[string]any{
		"uid": uid, "url": strings.TrimSuffix(s.Settings.RootURL, "/") + "/goto/" + uid + "?orgId=1",
	})
}
