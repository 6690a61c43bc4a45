package provision

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Provider is one entry of a provisioning/dashboards file.
type Provider struct {
	Name                  string `yaml:"name"`
	Type                  string `yaml:"type"`
	Folder                string `yaml:"folder"`
	FolderUID             string `yaml:"folderUid"`
	DisableDeletion       bool   `yaml:"disableDeletion"`
	UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
	Options               struct {
		Path                      string `yaml:"path"`
		FoldersFromFilesStructure bool   `yaml:"foldersFromFilesStructure"`
	} `yaml:"options"`
}

// Interval is how often the folder is read again (Grafana's default is 10 s).
func (p Provider) Interval() time.Duration {
	if p.UpdateIntervalSeconds <= 0 {
		return 10 * time.Second
	}
	return time.Duration(p.UpdateIntervalSeconds) * time.Second
}

// Providers reads every file in <provisioning>/dashboards. A faulty file is fatal, as in Grafana; a missing folder is not.
func Providers(provisioning string, lookup func(string) (string, bool), log *slog.Logger) ([]Provider, error) {
	files, err := yamlFiles(filepath.Join(provisioning, "dashboards"))
	if err != nil {
		log.Error("dashboard provisioning folder cannot be read", "error", err.Error())
		return nil, nil
	}
	var providers []Provider
	for _, path := range files {
		var parsed struct {
			Providers []Provider `yaml:"providers"`
		}
		if err := decodeFile(path, lookup, &parsed); err != nil {
			return nil, fmt.Errorf("dashboard provisioning failed: %w", err)
		}
		for _, provider := range parsed.Providers {
			if provider.Type != "" && provider.Type != "file" {
				return nil, fmt.Errorf("dashboard provisioning failed: %s: provider %q has type %q; only file is known", path, provider.Name, provider.Type)
			}
			if provider.Options.Path == "" {
				return nil, fmt.Errorf("dashboard provisioning failed: %s: provider %q needs options.path", path, provider.Name)
			}
			provider.Options.Path = filepath.Clean(provider.Options.Path)
			providers = append(providers, provider)
		}
	}
	return providers, nil
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// Slug is the readable last part of a dashboard's address.
func Slug(title string) string {
	slug := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
	if slug == "" {
		return "dashboard"
	}
	return slug
}
