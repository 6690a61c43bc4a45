package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lookup(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, found := values[name]
		return value, found
	}
}

func TestAPasswordFileLosesItsLastLineBreakOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(" se cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	values, err := Load(lookup(map[string]string{"GF_SECURITY_ADMIN_PASSWORD__FILE": path, "GF_SOMETHING_UNKNOWN": "x"}))
	if err != nil || values.AdminPassword != " se cret" {
		t.Fatalf("got %q, %v", values.AdminPassword, err)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	_, err := Load(lookup(map[string]string{
		"GF_SERVER_HTTP_PORT": "many", "GF_AUTH_ANONYMOUS_ENABLED": "perhaps", "GF_AUTH_ANONYMOUS_ORG_ROLE": "King",
		"GF_SECURITY_ADMIN_PASSWORD__FILE": "/does/not/exist",
	}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"GF_SERVER_HTTP_PORT", "GF_AUTH_ANONYMOUS_ENABLED", "GF_AUTH_ANONYMOUS_ORG_ROLE", "GF_SECURITY_ADMIN_PASSWORD__FILE"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
}

func TestTheEnvironmentGoesBeforeTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grafana.ini")
	text := "[users]\nhome_page = /d/one/x?a=1   \n[auth.anonymous]\nenabled = true\n[server]\nroot_url = http://$__env{NAME}/\nhttp_port = 1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	values, err := Load(lookup(map[string]string{"GF_PATHS_CONFIG": path, "NAME": "there", "GF_SERVER_HTTP_PORT": "3001"}))
	if err != nil || values.HomePage != "/d/one/x?a=1" || !values.AnonymousOn || values.RootURL != "http://there/" || values.HTTPPort != 3001 {
		t.Errorf("got %+v, %v", values, err)
	}
	if _, err := Load(lookup(map[string]string{"GF_PATHS_CONFIG": "/does/not/exist"})); err == nil {
		t.Error("a file that is named and not there is no error")
	}
}
