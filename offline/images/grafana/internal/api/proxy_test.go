package api

import (
	"net/http"
	"testing"
)

func TestAnyGetPassesTheProxyAndOtherMethodsByThePluginsRoutes(t *testing.T) {
	for _, one := range []struct {
		method, path, role string
		refused            bool
	}{
		{http.MethodGet, "api/v1/query", "Viewer", false},
		{http.MethodGet, "api/v1/admin/tsdb/delete_series", "Viewer", false},
		{http.MethodHead, "health", "Viewer", false},
		{http.MethodPost, "api/v1/query_range", "Viewer", false},
		{http.MethodPost, "api/v1/import", "Viewer", true},
		{http.MethodPost, "api/v1/import", "Admin", true},
		{http.MethodPost, "rules/x", "Viewer", true},
		{http.MethodPost, "rules/x", "Editor", false},
		{http.MethodPut, "api/v1/query", "Admin", true},
		{http.MethodDelete, "api/v1/series", "Admin", true},
	} {
		if refusal := refuse(one.method, one.path, one.role); (refusal != "") != one.refused {
			t.Errorf("%+v: got %q", one, refusal)
		}
	}
}
