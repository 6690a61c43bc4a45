// Package settings reads the GF_* environment of the official Grafana image.
package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Settings are the values a preview relies on. Unknown GF_* variables are ignored.
type Settings struct {
	HTTPAddr       string
	HTTPPort       int
	RootURL        string
	Provisioning   string
	AdminUser      string
	AdminPassword  string
	CookieSecure   bool
	AnonymousOn    bool
	AnonymousRole  string
	AnonymousOrg   string
	AllowSignUp    bool
	DefaultTheme   string
	HomeDashboard  string
	LogLevel       string
	QueryTimeoutMS int
}

// Load reads the settings through lookup (os.LookupEnv in production). All faults are reported in one error.
func Load(lookup func(string) (string, bool)) (Settings, error) {
	reader := envReader{lookup: lookup}
	loaded := Settings{
		HTTPAddr:       reader.text("SERVER_HTTP_ADDR", ""),
		HTTPPort:       reader.number("SERVER_HTTP_PORT", 3000),
		RootURL:        reader.text("SERVER_ROOT_URL", "http://localhost:3000/"),
		Provisioning:   reader.text("PATHS_PROVISIONING", "/etc/grafana/provisioning"),
		AdminUser:      reader.text("SECURITY_ADMIN_USER", "admin"),
		AdminPassword:  reader.text("SECURITY_ADMIN_PASSWORD", "admin"),
		CookieSecure:   reader.flag("SECURITY_COOKIE_SECURE", false),
		AnonymousOn:    reader.flag("AUTH_ANONYMOUS_ENABLED", false),
		AnonymousRole:  reader.text("AUTH_ANONYMOUS_ORG_ROLE", "Viewer"),
		AnonymousOrg:   reader.text("AUTH_ANONYMOUS_ORG_NAME", "Main Org."),
		AllowSignUp:    reader.flag("USERS_ALLOW_SIGN_UP", false),
		DefaultTheme:   reader.text("USERS_DEFAULT_THEME", "dark"),
		HomeDashboard:  reader.text("DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", ""),
		LogLevel:       reader.text("LOG_LEVEL", "info"),
		QueryTimeoutMS: 30000,
	}
	switch loaded.AnonymousRole {
	case "Viewer", "Editor", "Admin":
	default:
		reader.fault("GF_AUTH_ANONYMOUS_ORG_ROLE is %q; use Viewer, Editor or Admin", loaded.AnonymousRole)
	}
	if loaded.HTTPPort < 1 || loaded.HTTPPort > 65535 {
		reader.fault("GF_SERVER_HTTP_PORT is %d; use a port between 1 and 65535", loaded.HTTPPort)
	}
	if len(reader.faults) > 0 {
		return Settings{}, fmt.Errorf("%s", strings.Join(reader.faults, "; "))
	}
	return loaded, nil
}

type envReader struct {
	lookup func(string) (string, bool)
	faults []string
}

func (r *envReader) fault(format string, values ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, values...))
}

// text prefers NAME__FILE over NAME, as the official image's /run.sh does. A file's last line break is not part of the value.
func (r *envReader) text(name, fallback string) string {
	name = "GF_" + name
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
		return fallback
	}
	return value
}

func (r *envReader) number(name string, fallback int) int {
	value := r.text(name, strconv.Itoa(fallback))
	parsed, err := strconv.Atoi(value)
	if err != nil {
		r.fault("GF_%s is %q; use a whole number", name, value)
		return fallback
	}
	return parsed
}

func (r *envReader) flag(name string, fallback bool) bool {
	value := r.text(name, strconv.FormatBool(fallback))
	parsed, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		r.fault("GF_%s is %q; use true or false", name, value)
		return fallback
	}
	return parsed
}
