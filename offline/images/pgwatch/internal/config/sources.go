package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Source is one monitored database.
type Source struct {
	Name                 string             `yaml:"name"`
	Group                string             `yaml:"group"`
	ConnStr              string             `yaml:"conn_str"`
	Kind                 string             `yaml:"kind"`
	Metrics              map[string]float64 `yaml:"custom_metrics"`
	MetricsStandby       map[string]float64 `yaml:"custom_metrics_standby"`
	PresetMetrics        string             `yaml:"preset_metrics"`
	PresetMetricsStandby string             `yaml:"preset_metrics_standby"`
	IsEnabled            bool               `yaml:"is_enabled"`
	CustomTags           map[string]string  `yaml:"custom_tags"`
	OnlyIfMaster         bool               `yaml:"only_if_master"`
}

// LoadSources reads the sources of a file or folder. As in the official program one fault spoils them all.
func LoadSources(path string) ([]Source, error) {
	var sources []Source
	names := map[string]bool{}
	err := eachFile(path, func(file string, text []byte) error {
		var found []Source
		if err := decode(file, text, &found); err != nil {
			return err
		}
		for _, source := range found {
			source.expand()
			if names[source.Name] {
				return fmt.Errorf("%s: duplicate source with name %q", file, source.Name)
			}
			names[source.Name] = true
			sources = append(sources, source)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the sources: %w", err)
	}
	return sources, nil
}

// expand replaces $VARIABLE, as the official program does: only in these fields, conn_str not among them, and only if
// the value begins with $.
func (s *Source) expand() {
	if s.Kind == "" {
		s.Kind = "postgres"
	}
	for _, field := range []*string{&s.Kind, &s.Name, &s.PresetMetrics, &s.PresetMetricsStandby} {
		if strings.HasPrefix(*field, "$") {
			*field = os.ExpandEnv(*field)
		}
	}
}

// Selected returns the enabled sources of the named groups and of the default group; no group means all.
func Selected(sources []Source, groups []string) []Source {
	return slices.DeleteFunc(slices.Clone(sources), func(s Source) bool {
		inGroup := len(groups) == 0 || s.Group == "" || s.Group == "default" || slices.Contains(groups, s.Group)
		return !s.IsEnabled || !inGroup
	})
}
