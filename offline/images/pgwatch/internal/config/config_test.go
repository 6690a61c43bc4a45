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

func TestAFolderOfSourcesIsReadWholeAndOneOfMetricsIsRefused(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.yml", "[{name: one}]")
	write(t, folder, "b.YAML", "[{name: two, custom_tags: {a: b}, custom_metrics: {one: 10}}]")
	write(t, folder, "c.txt", "not: [yaml")
	if sources, err := LoadSources(folder); err != nil || len(sources) != 2 || sources[1].CustomTags["a"] != "b" {
		t.Errorf("got %+v, %v", sources, err)
	}
	if _, err := LoadMetrics(folder); err == nil {
		t.Error("a folder of metrics was taken")
	}
	write(t, folder, "d.yml", "[{name: one}]")
	if _, err := LoadSources(folder); err == nil || !strings.Contains(err.Error(), `duplicate source with name "one"`) {
		t.Errorf("a second source of a name: %v", err)
	}
}

func TestIntervals(t *testing.T) {
	path := write(t, t.TempDir(), "m.yml", "metrics: {one: {sqls: {11: SELECT 1}}}\npresets: {p: {metrics: {c: 3, half: 0.5}}}")
	definitions, err := LoadMetrics(path)
	if err != nil || definitions.Metrics["one"].SQL(15) != "SELECT 1" {
		t.Fatalf("got %+v, %v", definitions, err)
	}
	source := Source{Name: "x", Metrics: map[string]float64{"a": 2, "off": 0}, PresetMetricsStandby: "p"}
	if got := definitions.Intervals(source, false); len(got) != 1 || got["a"] != 2*time.Second {
		t.Errorf("primary: %v", got)
	}
	if got := definitions.Intervals(source, true); len(got) != 2 || got["c"] != 3*time.Second || got["half"] != 500*time.Millisecond {
		t.Errorf("standby: %v", got)
	}
	source.PresetMetrics = "missing"
	if got := definitions.Intervals(source, false); len(got) != 0 {
		t.Errorf("an unknown preset has metrics: %v", got)
	}
}

func TestVariablesAreExpandedWhereAFieldBeginsWithOne(t *testing.T) {
	t.Setenv("TEST_CONN", "postgresql://u@h/d")
	path := write(t, t.TempDir(), "s.yml", `[{name: $TEST_NAME, conn_str: $TEST_CONN}, {name: "a$TEST_CONN"}]`)
	t.Setenv("TEST_NAME", "named")
	sources, err := LoadSources(path)
	if err != nil || len(sources) != 2 {
		t.Fatal(sources, err)
	}
	if sources[0].Name != "named" || sources[0].ConnStr != "$TEST_CONN" || sources[0].Kind != "postgres" {
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
	if got := Selected(all, []string{"g"}); len(got) != 2 {
		t.Errorf("with a group: %+v", got)
	}
	if got := Selected(all, []string{"h"}); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("with another group: %+v", got)
	}
	if len(all) != 3 || all[2].Name != "c" {
		t.Error("the argument was changed")
	}
}
