package provision

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"pgai.example/standins/grafana/internal/expansion"
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

type dataSourceEntry struct {
	Name           string            `yaml:"name"`
	Type           string            `yaml:"type"`
	Access         string            `yaml:"access"`
	OrgID          int64             `yaml:"orgId"`
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
}

// Keys of a file without apiVersion are those of Grafana 4.
type oldDataSourceEntry struct {
	Name           string            `yaml:"name"`
	Type           string            `yaml:"type"`
	Access         string            `yaml:"access"`
	OrgID          int64             `yaml:"org_id"`
	UID            string            `yaml:"uid"`
	URL            string            `yaml:"url"`
	User           string            `yaml:"user"`
	Database       string            `yaml:"database"`
	BasicAuth      bool              `yaml:"basic_auth"`
	BasicAuthUser  string            `yaml:"basic_auth_user"`
	IsDefault      bool              `yaml:"is_default"`
	Editable       bool              `yaml:"editable"`
	JSONData       map[string]any    `yaml:"json_data"`
	SecureJSONData map[string]string `yaml:"secure_json_data"`
}

func entriesOf(tree *yaml.Node) ([]dataSourceEntry, error) {
	if hasVersion(tree) {
		var file struct {
			DataSources []dataSourceEntry `yaml:"datasources"`
		}
		err := tree.Decode(&file)
		return file.DataSources, err
	}
	var file struct {
		DataSources []oldDataSourceEntry `yaml:"datasources"`
	}
	err := tree.Decode(&file)
	entries := make([]dataSourceEntry, 0, len(file.DataSources))
	for _, old := range file.DataSources {
		entries = append(entries, dataSourceEntry(old))
	}
	return entries, err
}

// DataSources reads every file in <provisioning>/datasources. As in Grafana a faulty file is fatal and a missing folder is not.
func DataSources(provisioning string, lookup expansion.Lookup) ([]DataSource, error) {
	files, err := yamlFiles(filepath.Join(provisioning, "datasources"))
	if err != nil {
		return nil, nil
	}
	var sources []DataSource
	names, uids, defaultName := map[string]bool{}, map[string]bool{}, ""
	for _, path := range files {
		tree, err := readTree(path, lookup)
		if err != nil {
			return nil, fmt.Errorf("data source provisioning failed: %w", err)
		}
		if tree == nil {
			continue
		}
		entries, err := entriesOf(tree)
		if err != nil {
			return nil, fmt.Errorf("data source provisioning failed: %s: %w", path, err)
		}
		for _, entry := range entries {
			if entry.OrgID > 1 {
				return nil, fmt.Errorf("data source provisioning failed: %s: %q: organization %d does not exist", path, entry.Name, entry.OrgID)
			}
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

// IsPostgres takes both names that Grafana has used for the plugin.
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
