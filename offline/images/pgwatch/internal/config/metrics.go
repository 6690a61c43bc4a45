package config

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// Metric is one metric definition.
type Metric struct {
	SQLs            map[int]string `yaml:"sqls"`        // by lowest PostgreSQL major version
	NodeStatus      string         `yaml:"node_status"` // "primary", "standby" or empty for both
	Gauges          []string       `yaml:"gauges"`
	IsInstanceLevel bool           `yaml:"is_instance_level"`
	StorageName     string         `yaml:"storage_name"`
}

// Preset is a named set of metrics with their intervals in seconds.
type Preset struct {
	Metrics map[string]float64 `yaml:"metrics"`
}

// Definitions are all metrics and presets of the metrics files.
type Definitions struct {
	Metrics map[string]Metric `yaml:"metrics"`
	Presets map[string]Preset `yaml:"presets"`
}

// LoadMetrics reads the definitions of one file; the official program takes no folder here.
func LoadMetrics(path string) (*Definitions, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the metrics: %w", err)
	}
	all := new(Definitions)
	return all, decode(path, text, all)
}

// SQL returns the statement for a PostgreSQL major version: the one with the highest key not above it, or "".
func (m Metric) SQL(majorVersion int) string {
	best := -1
	for version := range m.SQLs {
		if version <= majorVersion && version > best {
			best = version
		}
	}
	return m.SQLs[best]
}

// IsGauge says whether a column is a gauge; the others are counters.
func (m Metric) IsGauge(column string) bool {
	return len(m.Gauges) > 0 && (m.Gauges[0] == "*" || slices.Contains(m.Gauges, column))
}

// AppliesTo says whether the metric is meant for a server in this role.
func (m Metric) AppliesTo(inRecovery bool) bool {
	return m.NodeStatus != "primary" && m.NodeStatus != "standby" || (m.NodeStatus == "standby") == inRecovery
}

// Intervals returns what to collect from a source, by metric name. Unknown metrics are left in, an unknown preset has
// none. A preset takes the place of custom metrics, and a standby uses the standby settings if there are any.
func (d *Definitions) Intervals(source Source, inRecovery bool) map[string]time.Duration {
	metrics, preset := source.Metrics, source.PresetMetrics
	if inRecovery && (len(source.MetricsStandby) > 0 || source.PresetMetricsStandby != "") {
		metrics, preset = source.MetricsStandby, source.PresetMetricsStandby
	}
	if preset != "" {
		metrics = d.Presets[preset].Metrics
	}
	intervals := make(map[string]time.Duration, len(metrics))
	for name, seconds := range metrics {
		if seconds > 0 { // 0 switches a metric off
			intervals[name] = time.Duration(seconds * float64(time.Second))
		}
	}
	return intervals
}
