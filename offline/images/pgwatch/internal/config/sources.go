package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
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
	StmtTimeout          int                `yaml:"stmt_timeout"` // seconds; pgwatch 2 had it, 0 is the default
}

// LoadSources reads the sources of a file or folder; a database of another kind than postgres is an error.
//
// All problems are reported at once.
func LoadSources(path string) ([]Source, error) {
	if _, err := pgx.ParseConfig(path); err == nil && strings.Contains(path, "://") {
		return nil, errors.New("the stand-in reads sources from files only, not from a configuration database")
	}
	var sources []Source
	var problems []error
	names := map[string]string{}
	err := eachFile(path, func(file string, text []byte) error {
		var found []Source
		if err := decode(file, text, &found); err != nil {
			return err
		}
		for _, source := range found {
			source.expand()
			if earlier, taken := names[source.Name]; taken {
				problems = append(problems, fmt.Errorf("%s: source %q is already defined in %s", file, source.Name, earlier))
				continue
			}
			names[source.Name] = file
			for _, problem := range source.problems() {
				problems = append(problems, fmt.Errorf("%s: source %q: %w", file, source.Name, problem))
			}
			sources = append(sources, source)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the sources: %w", err)
	}
	return sources, errors.Join(problems...)
}

// expand replaces $VARIABLE, as the official program does: only in these fields, and only if the value begins with $.
func (s *Source) expand() {
	if s.Kind == "" {
		s.Kind = "postgres"
	}
	for _, field := range []*string{&s.Kind, &s.Name, &s.ConnStr, &s.PresetMetrics, &s.PresetMetricsStandby} {
		if strings.HasPrefix(*field, "$") {
			*field = os.ExpandEnv(*field)
		}
	}
}

func (s *Source) problems() []error {
	var found []error
	if s.Name == "" {
		found = append(found, errors.New("the name is missing"))
	}
	if s.Kind != "postgres" {
		found = append(found, fmt.Errorf("the stand-in supports kind postgres only, not %q", s.Kind))
	}
	if s.ConnStr == "" {
		found = append(found, errors.New("conn_str is missing"))
	} else if _, err := pgx.ParseConfig(s.ConnStr); err != nil {
		found = append(found, fmt.Errorf("conn_str is not a PostgreSQL connection string: %w", err))
	}
	return found
}

// Selected returns the enabled sources of the named groups; no group means all.
func Selected(sources []Source, groups []string) []Source {
	return slices.DeleteFunc(slices.Clone(sources), func(s Source) bool {
		return !s.IsEnabled || len(groups) > 0 && !slices.Contains(groups, s.Group)
	})
}
