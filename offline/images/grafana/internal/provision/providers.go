package provision

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"pgai.example/standins/grafana/internal/expansion"
)

// Provider is one entry of a provisioning/dashboards file.
type Provider struct {
	Name                  string         `yaml:"name"`
	OrgID                 int64          `yaml:"orgId"`
	Type                  string         `yaml:"type"`
	Folder                string         `yaml:"folder"`
	FolderUID             string         `yaml:"folderUid"`
	DisableDeletion       bool           `yaml:"disableDeletion"`
	UpdateIntervalSeconds int64          `yaml:"updateIntervalSeconds"`
	Given                 map[string]any `yaml:"options"`
	Options               Options        `yaml:"-"`
}

// Options are those of the type "file".
type Options struct {
	Path                      string
	FoldersFromFilesStructure bool
}

// Interval is how often the folder is read again (Grafana's default is 10 s).
func (p Provider) Interval() time.Duration {
	if p.UpdateIntervalSeconds <= 0 {
		return 10 * time.Second
	}
	return time.Duration(p.UpdateIntervalSeconds) * time.Second
}

// Providers reads every file in <provisioning>/dashboards. A faulty file is fatal, as in Grafana; a missing folder is not.
func Providers(provisioning string, lookup expansion.Lookup, log *slog.Logger) ([]Provider, error) {
	files, err := yamlFiles(filepath.Join(provisioning, "dashboards"))
	if err != nil {
		log.Error("can't read dashboard provisioning files from directory", "error", err.Error())
		return nil, nil
	}
	var providers []Provider
	for _, path := range files {
		tree, err := readTree(path, lookup)
		if err != nil {
			return nil, fmt.Errorf("Failed to read dashboards config: %w", err)
		}
		if tree == nil {
			continue
		}
		parsed, err := providersOf(tree)
		if err != nil {
			return nil, fmt.Errorf("Failed to read dashboards config: could not parse provisioning config file: %s error: %w", path, err)
		}
		for _, provider := range parsed {
			if err := provider.complete(); err != nil {
				return nil, fmt.Errorf("%s: Failed to initialize file readers: provider %q: %w", path, provider.Name, err)
			}
			providers = append(providers, provider)
		}
	}
	return providers, nil
}

// providersOf takes today's form, and the list of Grafana 4 for files without apiVersion.
func providersOf(tree *yaml.Node) ([]Provider, error) {
	if !hasVersion(tree) {
		var old []Provider
		err := tree.Decode(&old)
		return old, err
	}
	var file struct {
		Providers []Provider `yaml:"providers"`
	}
	err := tree.Decode(&file)
	return file.Providers, err
}

func (p *Provider) complete() error {
	// As in Grafana a value of another type is no value.
	path, given := p.Given["path"].(string)
	if !given {
		path, _ = p.Given["folder"].(string) // the older name
	}
	p.Options.Path = path
	p.Options.FoldersFromFilesStructure, _ = p.Given["foldersFromFilesStructure"].(bool)
	switch {
	case p.OrgID > 1:
		return fmt.Errorf("organization %d does not exist", p.OrgID)
	case p.Type != "" && p.Type != "file":
		return fmt.Errorf("type %s is not supported", p.Type)
	case p.Options.Path == "":
		return errors.New("failed to load dashboards, path param is not a string")
	case p.Options.FoldersFromFilesStructure && p.Folder != "" && p.FolderUID != "":
		return errors.New("'folder' and 'folderUID' should be empty using 'foldersFromFilesStructure' option")
	}
	p.Options.Path = filepath.Clean(p.Options.Path)
	return nil
}
