package plugins

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"pgai.example/standins/grafana/internal/expansion"
)

const (
	vendor        = "https://grafana.com/api/plugins"
	installPeriod = 10 * time.Minute
)

// Command is "grafana cli": of all its commands "plugins install ID [VERSION]" and "plugins ls".
func Command(arguments []string, lookup expansion.Lookup, out io.Writer) error {
	options := flag.NewFlagSet("grafana cli", flag.ContinueOnError)
	options.SetOutput(io.Discard)
	directory := options.String("pluginsDir", from(lookup, "GF_PLUGIN_DIR", from(lookup, "GF_PATHS_PLUGINS", "/var/lib/grafana/plugins")), "")
	repository := options.String("repo", from(lookup, "GF_PLUGIN_REPO", vendor), "")
	archive := options.String("pluginUrl", from(lookup, "GF_PLUGIN_URL", ""), "")
	for _, ignored := range []string{"homepath", "config", "configOverrides"} {
		options.String(ignored, "", "")
	}
	for _, ignored := range []string{"insecure", "debug"} {
		options.Bool(ignored, false, "")
	}
	if err := options.Parse(arguments); err != nil {
		return err
	}
	words := options.Args()
	switch {
	case len(words) == 2 && words[0] == "plugins" && words[1] == "ls":
		return list(*directory, out)
	case len(words) < 2 || words[0] != "plugins" || words[1] != "install":
		return errors.New("the Grafana stand-in knows `plugins install ID [VERSION]` and `plugins ls`")
	case len(words) == 2:
		return errors.New("please specify plugin to install")
	}
	id, version := words[2], ""
	if len(words) > 3 {
		version = words[3]
	}
	ctx, cancel := context.WithTimeout(context.Background(), installPeriod)
	defer cancel()
	source := *archive
	if source == "" {
		source = fmt.Sprintf("%s/%s/versions/%s/download", *repository, id, version)
		if version == "" {
			source = fmt.Sprintf("%s/%s/versions/latest/download", *repository, id)
		}
	}
	if err := install(ctx, id, source, *directory); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "✔ Downloaded and extracted %s v%s zip successfully to %s\n\n", id, version, *directory+"/"+id)
	_, _ = fmt.Fprintln(out, "Please restart Grafana after installing or removing plugins. Refer to Grafana documentation for instructions if necessary.")
	return nil
}

func list(directory string, out io.Writer) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "installed plugins:")
	for _, entry := range entries {
		if plugin, err := read(directory + "/" + entry.Name() + "/plugin.json"); err == nil {
			_, _ = fmt.Fprintf(out, "%s @ %s\n", plugin.ID, plugin.Info.Version)
		}
	}
	return nil
}

func from(lookup expansion.Lookup, name, fallback string) string {
	if value, _ := lookup(name); value != "" {
		return value
	}
	return fallback
}
