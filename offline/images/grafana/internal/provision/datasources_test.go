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
apiVersion: 1
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
	write(t, filepath.Join(root, "datasources", "two.yml"), "apiVersion: 1\ndatasources: [{name: Other, type: prometheus, isDefault: true}]")
	if _, err := DataSources(root, environment); err == nil {
		t.Error("two defaults are no error")
	}
	if sources, err := DataSources(filepath.Join(root, "missing"), environment); err != nil || len(sources) != 0 {
		t.Errorf("a missing folder: got %v, %v", sources, err)
	}
}

func TestFilesWithoutAVersionHaveTheKeysOfGrafana4(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "datasources", "old.yml"), "datasources: [{name: Old, type: prometheus, isDefault: true, json_data: {a: b}}]")
	sources, err := DataSources(root, environment)
	if err != nil || len(sources) != 1 || sources[0].IsDefault || sources[0].JSONData["a"] != "b" {
		t.Errorf("got %+v, %v", sources, err)
	}
}
