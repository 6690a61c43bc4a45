// Package plugins knows which plugins there are: those that Grafana brings, and those in its plugin directory.
package plugins

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Plugin is what its plugin.json says.
type Plugin struct {
	ID   string `json:"id"`
	Type string `json:"type"` // panel, datasource, app
	Name string `json:"name"`
	Info struct {
		Version string `json:"version"`
	} `json:"info"`
	Core bool `json:"-"`
}

// What Grafana 12.0 brings along, whether or not the stand-in has something in its place.
var core = map[string]string{
	"panel": "alertlist annolist barchart bargauge candlestick canvas dashlist datagrid debug flamegraph gauge geomap gettingstarted graph " +
		"heatmap histogram live logs news nodeGraph piechart stat state-timeline status-history table table-old text timeseries traces " +
		"trend welcome xychart",
	"datasource": "alertmanager cloudwatch dashboard elasticsearch grafana grafana-azure-monitor-datasource grafana-postgresql-datasource " +
		"grafana-pyroscope-datasource grafana-testdata-datasource graphite influxdb jaeger loki mixed mssql mysql opentsdb parca prometheus " +
		"stackdriver tempo zipkin",
}

// Names that Grafana still takes for plugins of other names.
var aliases = map[string]string{"postgres": "grafana-postgresql-datasource", "testdata": "grafana-testdata-datasource"}

// Registry is all plugins that are loaded.
type Registry []Plugin

// Load reads the plugin directory. A plugin without a signature is left out unless it is named in unsigned.
func Load(directory string, unsigned []string, log *slog.Logger) Registry {
	var registry Registry
	for kind, names := range core {
		for _, name := range strings.Fields(names) {
			registry = append(registry, Plugin{ID: name, Type: kind, Name: name, Core: true})
		}
	}
	slices.SortFunc(registry, func(a, b Plugin) int { return strings.Compare(a.ID, b.ID) })
	_ = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() != "plugin.json" {
			return nil // what cannot be read is no plugin
		}
		plugin, err := read(path)
		if err != nil {
			log.Error("plugin cannot be read", "file", path, "error", err.Error())
			return nil
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "MANIFEST.txt")); err != nil && !slices.Contains(unsigned, plugin.ID) {
			log.Error("Error validating plugin signature: plugin is unsigned", "pluginId", plugin.ID)
			return fs.SkipDir
		}
		if _, found := registry.Find(plugin.Type, plugin.ID); !found {
			log.Info("Plugin registered", "pluginId", plugin.ID, "type", plugin.Type, "version", plugin.Info.Version)
			registry = append(registry, plugin)
		}
		return nil
	})
	return registry
}

func read(path string) (Plugin, error) {
	var plugin Plugin
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return plugin, err
	}
	err = json.Unmarshal(content, &plugin)
	return plugin, err
}

// Find looks a plugin up by its id or an older name.
func (r Registry) Find(kind, id string) (Plugin, bool) {
	if current, renamed := aliases[id]; renamed {
		id = current
	}
	for _, plugin := range r {
		if plugin.Type == kind && plugin.ID == id {
			return plugin, true
		}
	}
	return Plugin{}, false
}
