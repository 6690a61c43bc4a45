package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheSQLOfTheNewestVersionNotAboveTheServersIsTaken(t *testing.T) {
	metric := Metric{SQLs: map[int]string{11: "eleven", 14: "fourteen", 17: "seventeen"}}
	for version, want := range map[int]string{10: "", 11: "eleven", 13: "eleven", 14: "fourteen", 16: "fourteen", 18: "seventeen"} {
		if got := metric.SQL(version); got != want {
			t.Errorf("PostgreSQL %d: got %q, want %q", version, got, want)
		}
	}
}

func TestGauges(t *testing.T) {
	if !(Metric{Gauges: []string{"*"}}).IsGauge("any") || !(Metric{Gauges: []string{"a"}}).IsGauge("a") {
		t.Error("a listed column is not a gauge")
	}
	if (Metric{}).IsGauge("a") || (Metric{Gauges: []string{"a"}}).IsGauge("b") {
		t.Error("a column that is not listed is a gauge")
	}
}

func TestNodeStatus(t *testing.T) {
	for _, c := range []struct {
		status     string
		inRecovery bool
		want       bool
	}{{"", true, true}, {"", false, true}, {"primary", false, true}, {"primary", true, false}, {"standby", true, true}, {"standby", false, false}} {
		if got := (Metric{NodeStatus: c.status}).AppliesTo(c.inRecovery); got != c.want {
			t.Errorf("%+v: got %t", c, got)
		}
	}
}

func TestAFolderIsReadWhole(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.yml", "metrics: {one: {sqls: {11: SELECT 1}}}")
	write(t, folder, "b.YAML", "metrics: {two: {sqls: {11: SELECT 2}}}\npresets: {p: {metrics: {one: 10, two: 0.5}}}")
	write(t, folder, "c.txt", "not: [yaml")
	definitions, err := LoadMetrics(folder)
	if err != nil || len(definitions.Metrics) != 2 || len(definitions.Presets) != 1 {
		t.Fatalf("got %+v, %v", definitions, err)
	}
	intervals, err := definitions.Intervals(Source{PresetMetrics: "p", Metrics: map[string]float64{"other": 1}}, false)
	if err != nil || len(intervals) != 2 || intervals["one"] != 10*time.Second || intervals["two"] != 500*time.Millisecond {
		t.Errorf("a preset is not taken in place of custom metrics: %v, %v", intervals, err)
	}
}

func TestIntervals(t *testing.T) {
	definitions := &Definitions{Presets: map[string]Preset{"s": {Metrics: map[string]float64{"c": 3}}}}
	source := Source{Name: "x", Metrics: map[string]float64{"a": 2, "off": 0}, PresetMetricsStandby: "s"}
	if got, err := definitions.Intervals(source, false); err != nil || len(got) != 1 || got["a"] != 2*time.Second {
		t.Errorf("primary: %v, %v", got, err)
	}
	if got, err := definitions.Intervals(source, true); err != nil || len(got) != 1 || got["c"] != 3*time.Second {
		t.Errorf("standby: %v, %v", got, err)
	}
	source.PresetMetrics = "missing"
	if _, err := definitions.Intervals(source, false); err == nil || !strings.Contains(err.Error(), `"missing"`) {
		t.Errorf("an unknown preset is not named: %v", err)
	}
}

func TestVariablesAreExpandedWhereAFieldBeginsWithOne(t *testing.T) {
	t.Setenv("TEST_CONN", "postgresql://u@h/d")
	path := write(t, t.TempDir(), "s.yml", `[{name: $TEST_NAME, conn_str: $TEST_CONN}, {name: "a$TEST_CONN", conn_str: "postgresql:///x"}]`)
	t.Setenv("TEST_NAME", "named")
	sources, err := LoadSources(path)
	if err != nil || len(sources) != 2 {
		t.Fatal(sources, err)
	}
	if sources[0].Name != "named" || sources[0].ConnStr != "postgresql://u@h/d" || sources[0].Kind != "postgres" {
		t.Errorf("not expanded: %+v", sources[0])
	}
	if sources[1].Name != "a$TEST_CONN" {
		t.Errorf("expanded in the middle: %+v", sources[1])
	}
}

func TestSelectedSources(t *testing.T) {
	all := []Source{{Name: "a", IsEnabled: true, Group: "g"}, {Name: "b", IsEnabled: true}, {Name: "c", Group: "g"}}
	if got := Selected(all, nil); len(got) != 2 {
		t.Errorf("without groups: %+v", got)
	}
	if got := Selected(all, []string{"g"}); len(got) != 1 || got[0].Name != "a" {
		t.Errorf("with a group: %+v", got)
	}
	if len(all) != 3 || all[2].Name != "c" {
		t.Error("the argument was changed")
	}
}
