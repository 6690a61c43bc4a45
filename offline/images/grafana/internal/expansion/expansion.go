// Package expansion puts variables and files into settings and provisioning files.
package expansion

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// One alternative per form Grafana knows; "$$" comes first so that an escaped dollar never starts a variable.
var (
	variable = regexp.MustCompile(`\$\$|\$__(env|file)\{([^}]*)\}|\$\{([^}]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
	explicit = regexp.MustCompile(`\$__(?:env|file)\{[^}]*\}|\$\{[^}]*\}`)
)

// Lookup finds a variable of the environment; os.LookupEnv in production.
type Lookup = func(string) (string, bool)

// Expand replaces $NAME, ${NAME}, $__env{NAME} and $__file{PATH}; "$$" becomes one dollar. An unset variable is empty.
// An unreadable file is an error that names the path and never the content.
func Expand(text string, lookup Lookup) (string, error) {
	var failure error
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		if match == "$$" {
			return "$"
		}
		parts := variable.FindStringSubmatch(match)
		if parts[1] == "file" {
			content, err := os.ReadFile(filepath.Clean(strings.TrimSpace(parts[2])))
			if err != nil {
				failure = fmt.Errorf("$__file{} cannot be read: %w", err)
				return ""
			}
			return strings.TrimSpace(string(content))
		}
		value, _ := lookup(strings.TrimSpace(parts[2] + parts[3] + parts[4]))
		return value
	})
	return expanded, failure
}

// Setting is Expand for grafana.ini, where only the forms with braces count.
func Setting(text string, lookup Lookup) (string, error) {
	var failure error
	expanded := explicit.ReplaceAllStringFunc(text, func(match string) string {
		value, err := Expand(match, lookup)
		if err != nil {
			failure = err
		}
		return value
	})
	return expanded, failure
}
