// Package settings reads grafana.ini and the GF_* environment of the official Grafana image.
package settings

import (
	"errors"
	"strings"

	"pgai.example/standins/grafana/internal/expansion"
)

// Settings are the values a preview relies on. Unknown settings are ignored, as by Grafana.
type Settings struct {
	HTTPAddr        string
	HTTPPort        int
	RootURL         string
	Provisioning    string
	Data            string
	Plugins         string
	UnsignedPlugins []string
	AdminUser       string
	AdminPassword   string
	CookieSecure    bool
	AnonymousOn     bool
	AnonymousRole   string
	AnonymousOrg    string
	AllowSignUp     bool
	DefaultTheme    string
	HomePage        string
	HomeDashboard   string
	LogLevel        string
	QueryTimeoutMS  int

	// What the stand-in needs at its start beyond its own needs, to weigh what Grafana weighs.
	StartCPUSeconds float64
	StartMiB        int
}

// OnlyOrg is the one organization that there is.
const OnlyOrg = "Main Org."

// Load reads the settings; the environment goes before grafana.ini. All faults are reported in one error.
func Load(lookup expansion.Lookup) (Settings, error) {
	reader := newReader(lookup)
	loaded := Settings{
		HTTPAddr:        reader.text("server", "http_addr", ""),
		HTTPPort:        reader.number("server", "http_port", 3000),
		RootURL:         reader.text("server", "root_url", "http://localhost:3000/"),
		Provisioning:    reader.text("paths", "provisioning", "/etc/grafana/provisioning"),
		Data:            reader.text("paths", "data", "/var/lib/grafana"),
		Plugins:         reader.text("paths", "plugins", "/var/lib/grafana/plugins"),
		UnsignedPlugins: strings.FieldsFunc(reader.text("plugins", "allow_loading_unsigned_plugins", ""), isSeparator),
		AdminUser:       reader.text("security", "admin_user", "admin"),
		AdminPassword:   reader.text("security", "admin_password", "admin"),
		CookieSecure:    reader.flag("security", "cookie_secure", false),
		AnonymousOn:     reader.flag("auth.anonymous", "enabled", false),
		AnonymousRole:   reader.text("auth.anonymous", "org_role", "Viewer"),
		AnonymousOrg:    reader.text("auth.anonymous", "org_name", OnlyOrg),
		AllowSignUp:     reader.flag("users", "allow_sign_up", false),
		DefaultTheme:    reader.text("users", "default_theme", "dark"),
		HomePage:        reader.text("users", "home_page", ""),
		HomeDashboard:   reader.text("dashboards", "default_home_dashboard_path", ""),
		LogLevel:        reader.text("log", "level", "info"),
		QueryTimeoutMS:  30000,
		StartCPUSeconds: reader.own("STANDIN_START_CPU_SECONDS"),
		StartMiB:        int(reader.own("STANDIN_START_MIB")),
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
		return Settings{}, errors.New(strings.Join(reader.faults, "; "))
	}
	return loaded, nil
}

func isSeparator(character rune) bool { return character == ',' || character == ' ' }
