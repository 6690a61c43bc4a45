package provision

import (
	"os"
	"path/filepath"
	"testing"
)

func environment(name string) (string, bool) {
	value, found := map[string]string{"HOST": "db", "PORT": "5432", "DOLLAR": "a$HOST"}[name]
	return value, found
}

func TestExpand(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("p$HOST#:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, wanted := range map[string]string{
		"$HOST:${PORT}":            "db:5432",
		"$__env{HOST}":             "db",
		"$__file{" + secret + "}":  "p$HOST#:", // what comes out is not expanded again
		"$DOLLAR":                  "a$HOST",
		"cost $$5 and $$HOST":      "cost $5 and $HOST",
		"[$MISSING]":               "[]",
		"a lonely $ stays, $1 too": "a lonely $ stays, $1 too",
	} {
		got, err := Expand(text, environment)
		if err != nil || got != wanted {
			t.Errorf("%q: got %q, %v; wanted %q", text, got, err, wanted)
		}
	}
	if _, err := Expand("$__file{/does/not/exist}", environment); err == nil {
		t.Error("an unreadable file is no error")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDataSources(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "datasources", "one.yml"), `
datasources:
  - name: PGWatch-Prometheus
    type: prometheus
    url: http://$HOST:9090/
    isDefault: true
  - name: PGWatch-PostgreSQL
    type: grafana-postgresql-datasource
    url: $HOST:$PORT
    jsonData: {maxOpenConns: $PORT, sslmode: disable}
    secureJsonData: {password: 'x: $DOLLAR'}
`)
	write(t, filepath.Join(root, "datasources", "empty.yaml"), "")
	write(t, filepath.Join(root, "datasources", "notes.txt"), "not read: {")
	sources, err := DataSources(root, environment)
	if err != nil || len(sources) != 2 {
		t.Fatalf("got %v, %v", sources, err)
	}
	if sources[0].UID != "P7A0D6631BB10B34F" || sources[1].UID != "P031DD592934B2F1F" {
		t.Errorf("uids made from names differ from Grafana's: %s, %s", sources[0].UID, sources[1].UID)
	}
	if sources[0].URL != "http://db:9090" || sources[1].JSONData["maxOpenConns"] != 5432 || sources[1].Secure["password"] != "x: a$HOST" {
		t.Errorf("not expanded as Grafana does: %+v", sources)
	}
	write(t, filepath.Join(root, "datasources", "two.yml"), "datasources: [{name: Other, type: prometheus, isDefault: true}]")
	if _, err := DataSources(root, environment); err == nil {
		t.Error("two defaults are no error")
	}
	if sources, err := DataSources(filepath.Join(root, "missing"), environment); err != nil || len(sources) != 0 {
		t.Errorf("a missing folder: got %v, %v", sources, err)
	}
}
