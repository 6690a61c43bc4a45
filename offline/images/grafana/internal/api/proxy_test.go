package api

import "testing"

func TestTheProxyReachesReadingPathsOnly(t *testing.T) {
	for path, wanted := range map[string]bool{
		"api/v1/query": true, "api/v1/query_range": true, "api/v1/label/datname/values": true, "api/v1/series": true,
		"api/v1/admin/tsdb/delete_series": false, "api/v1/import/prometheus": false, "internal/force_flush": false,
		"api/v1/label/a/../../admin/values": false, "-/reload": false, "": false, "api/v1/query/../import": false,
	} {
		if got := readable.MatchString(path); got != wanted {
			t.Errorf("%q: got %t", path, got)
		}
	}
}
