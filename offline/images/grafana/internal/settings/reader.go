package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/ini.v1"

	"pgai.example/standins/grafana/internal/expansion"
)

// Where the official image looks for grafana.ini.
const usualFile = "/etc/grafana/grafana.ini"

// reader finds a setting in the environment, then in grafana.ini.
type reader struct {
	lookup expansion.Lookup
	file   *ini.File
	faults []string
}

func newReader(lookup expansion.Lookup) *reader {
	made := &reader{lookup: lookup, file: ini.Empty()}
	path, given := lookup("GF_PATHS_CONFIG")
	if path == "" {
		path, given = usualFile, false
	}
	if _, err := os.Stat(path); err != nil {
		if given {
			made.fault("GF_PATHS_CONFIG=%q is not readable: %v", path, err)
		}
		return made
	}
	parsed, err := ini.Load(path)
	if err != nil {
		made.fault("failed to parse %q: %v", path, err)
		return made
	}
	made.file = parsed
	return made
}

func (r *reader) fault(format string, values ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, values...))
}

// variableOf is the environment's name of a setting: section "auth.anonymous", key "enabled" → GF_AUTH_ANONYMOUS_ENABLED.
func variableOf(section, key string) string {
	return "GF_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(section)+"_"+key)
}

// text prefers NAME__FILE over NAME, as the official image's /run.sh does. A file's last line break is not part of the value.
func (r *reader) text(section, key, fallback string) string {
	name := variableOf(section, key)
	path, fromFile := r.lookup(name + "__FILE")
	if fromFile && path != "" {
		if _, both := r.lookup(name); both {
			r.fault("%s and %s__FILE are both set; keep one", name, name)
			return fallback
		}
		content, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			r.fault("%s__FILE cannot be read: %v", name, err)
			return fallback
		}
		return strings.TrimRight(string(content), "\r\n")
	}
	value, set := r.lookup(name)
	if !set || value == "" {
		value = r.file.Section(section).Key(key).String()
	}
	expanded, err := expansion.Setting(value, r.lookup)
	if err != nil {
		r.fault("[%s] %s: %v", section, key, err)
	}
	if expanded == "" {
		return fallback
	}
	return expanded
}

func (r *reader) number(section, key string, fallback int) int {
	value := r.text(section, key, strconv.Itoa(fallback))
	parsed, err := strconv.Atoi(value)
	if err != nil {
		r.fault("%s is %q; use a whole number", variableOf(section, key), value)
		return fallback
	}
	return parsed
}

func (r *reader) flag(section, key string, fallback bool) bool {
	value := r.text(section, key, strconv.FormatBool(fallback))
	parsed, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		r.fault("%s is %q; use true or false", variableOf(section, key), value)
		return fallback
	}
	return parsed
}

// own reads a setting that only the stand-in has: a number that is not negative.
func (r *reader) own(name string) float64 {
	value, set := r.lookup(name)
	if !set || value == "" {
		return 0
	}
	parsed, err := strconv.ParseFloat(value, 64)
	if err != nil || parsed < 0 {
		r.fault("%s is %q; use a number that is not negative", name, value)
		return 0
	}
	return parsed
}
