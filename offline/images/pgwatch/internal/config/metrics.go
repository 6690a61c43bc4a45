package config

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Metric is one metric definition.
type Metric struct {
	SQLs             map[int]string `yaml:"sqls"` // by lowest PostgreSQL major version
	InitSQL          string         `yaml:"init_sql"`
	NodeStatus       string         `yaml:"node_status"` // "primary", "standby" or empty for both
	Gauges           []string       `yaml:"gauges"`
	IsInstanceLevel  bool           `yaml:"is_instance_level"`
	StorageName      string         `yaml:"storage_name"`
	StatementTimeout int            `yaml:"statement_timeout_seconds"`
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

// LoadMetrics reads the definitions of a file or folder; later files win over earlier ones.
func LoadMetrics(path string) (*Definitions, error) {
	all := &Definitions{Metrics: map[string]Metric{}, Presets: map[string]Preset{}}
	err := eachFile(path, func(name string, text []byte) error {
		var one Definitions
		if err := decode(name, text, &one); err != nil {
			return err
		}
		maps.Copy(all.Metrics, one.Metrics)
		maps.Copy(all.Presets, one.Presets)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the metrics: %w", err)
	}
	return all, nil
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

// Intervals returns what to collect from a source, by metric name. Unknown metrics are left in, unknown presets are an
// error. A preset takes the place of custom metrics, and a standby uses the standby settings if there are any.
func (d *Definitions) Intervals(source Source, inRecovery bool) (map[string]time.Duration, error) {
	metrics, preset := source.Metrics, source.PresetMetrics
	if inRecovery && (len(source.MetricsStandby) > 0 || source.PresetMetricsStandby != "") {
		metrics, preset = source.MetricsStandby, source.PresetMetricsStandby
	}
	if preset != "" {
		definition, known := d.Presets[preset]
		if !known {
			return nil, fmt.Errorf("source %q uses preset %q, which the metrics files do not define", source.Name, preset)
		}
		metrics = definition.Metrics
	}
	intervals := make(map[string]time.Duration, len(metrics))
	for name, seconds := range metrics {
		if seconds > 0 { // 0 switches a metric off
			intervals[name] = time.Duration(seconds * float64(time.Second))
		}
	}
	return intervals, nil
}
