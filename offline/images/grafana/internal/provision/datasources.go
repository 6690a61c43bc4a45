package provision

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
)

// DataSource is one provisioned data source. Secure never leaves the process.
type DataSource struct {
	ID            int
	UID           string
	Name          string
	Type          string
	Access        string
	URL           string
	User          string
	Database      string
	BasicAuth     bool
	BasicAuthUser string
	IsDefault     bool
	ReadOnly      bool
	JSONData      map[string]any
	Secure        map[string]string
}

type dataSourceFile struct {
	DataSources []struct {
		Name           string            `yaml:"name"`
		Type           string            `yaml:"type"`
		Access         string            `yaml:"access"`
		UID            string            `yaml:"uid"`
		URL            string            `yaml:"url"`
		User           string            `yaml:"user"`
		Database       string            `yaml:"database"`
		BasicAuth      bool              `yaml:"basicAuth"`
		BasicAuthUser  string            `yaml:"basicAuthUser"`
		IsDefault      bool              `yaml:"isDefault"`
		Editable       bool              `yaml:"editable"`
		JSONData       map[string]any    `yaml:"jsonData"`
		SecureJSONData map[string]string `yaml:"secureJsonData"`
	} `yaml:"datasources"`
}

// DataSources reads every file in <provisioning>/datasources. As in Grafana a faulty file is fatal and a missing folder is not.
func DataSources(provisioning string, lookup func(string) (string, bool)) ([]DataSource, error) {
	files, err := yamlFiles(filepath.Join(provisioning, "datasources"))
	if err != nil {
		return nil, nil
	}
	var sources []DataSource
	names, uids, defaultName := map[string]bool{}, map[string]bool{}, ""
	for _, path := range files {
		var parsed dataSourceFile
		if err := decodeFile(path, lookup, &parsed); err != nil {
			return nil, fmt.Errorf("data source provisioning failed: %w", err)
		}
		for _, entry := range parsed.DataSources {
			if entry.Name == "" || entry.Type == "" {
				return nil, fmt.Errorf("data source provisioning failed: %s: every data source needs a name and a type", path)
			}
			if entry.UID == "" {
				entry.UID = uidFromName(entry.Name)
			}
			if names[entry.Name] || uids[entry.UID] {
				return nil, fmt.Errorf("data source provisioning failed: %s: %q is defined twice (name or uid)", path, entry.Name)
			}
			if entry.IsDefault && defaultName != "" {
				return nil, fmt.Errorf("data source provisioning failed: %q and %q are both marked as default", defaultName, entry.Name)
			}
			if entry.IsDefault {
				defaultName = entry.Name
			}
			names[entry.Name], uids[entry.UID] = true, true
			if entry.Access == "" {
				entry.Access = "proxy"
			}
			sources = append(sources, DataSource{
				ID: len(sources) + 1, UID: entry.UID, Name: entry.Name, Type: entry.Type, Access: entry.Access,
				URL: strings.TrimRight(entry.URL, "/"), User: entry.User, Database: entry.Database,
				BasicAuth: entry.BasicAuth, BasicAuthUser: entry.BasicAuthUser, IsDefault: entry.IsDefault,
				ReadOnly: !entry.Editable, JSONData: entry.JSONData, Secure: entry.SecureJSONData,
			})
		}
	}
	return sources, nil
}

// IsPostgres accepts both names that Grafana has used for the plugin.
func (d DataSource) IsPostgres() bool {
	return d.Type == "postgres" || d.Type == "grafana-postgresql-datasource"
}

// IsPrometheus tells whether queries are PromQL.
func (d DataSource) IsPrometheus() bool { return d.Type == "prometheus" }

// JSONText is a string from jsonData, or empty.
func (d DataSource) JSONText(key string) string {
	text, _ := d.JSONData[key].(string)
	return text
}

// uidFromName is Grafana's own rule, so that dashboards keep working when a uid is left out.
func uidFromName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return strings.ToUpper(fmt.Sprintf("P%x", sum[:8]))
}
