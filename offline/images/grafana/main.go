// Command grafana is a stand-in for Grafana where its image cannot be had. It is not Grafana: it serves the part of the
// interface that a preview relies on and says everywhere that it is a stand-in.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"pgai.example/standins/grafana/internal/api"
	"pgai.example/standins/grafana/internal/page"
	"pgai.example/standins/grafana/internal/plugins"
	"pgai.example/standins/grafana/internal/postgres"
	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/settings"
	"pgai.example/standins/grafana/internal/weight"
)

func main() {
	for _, flag := range []string{"-v", "--version", "version"} {
		if slices.Contains(os.Args[1:], flag) {
			fmt.Println(api.StandIn)
			return
		}
	}
	if words, isCommand := command(os.Args); isCommand {
		if err := plugins.Command(words, os.LookupEnv, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "Error: ✗ "+err.Error())
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "grafana stand-in: "+err.Error())
		os.Exit(1)
	}
}

// command takes "grafana cli …" and the older "grafana-cli …".
func command(words []string) ([]string, bool) {
	if filepath.Base(words[0]) == "grafana-cli" {
		return words[1:], true
	}
	if len(words) > 1 && words[1] == "cli" {
		return words[2:], true
	}
	return nil, false
}

func run() error {
	values, err := settings.Load(os.LookupEnv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: level(values.LogLevel)}))
	log.Info("starting "+api.StandIn, "provisioning", values.Provisioning)
	if err := claim(values); err != nil {
		return err
	}
	if err := weight.Carry(values.StartCPUSeconds, values.StartMiB); err != nil {
		return err
	}
	if values.AnonymousOn && values.AnonymousOrg != settings.OnlyOrg {
		log.Error("Anonymous access organization error: org not found", "org_name", values.AnonymousOrg)
		values.AnonymousOn = false
	}
	registry := plugins.Load(values.Plugins, values.UnsignedPlugins, log)
	sources, err := provision.DataSources(values.Provisioning, os.LookupEnv)
	if err != nil {
		return err
	}
	providers, err := provision.Providers(values.Provisioning, os.LookupEnv, log)
	if err != nil {
		return err
	}
	dashboards := provision.NewDashboards(providers, log)
	dashboards.RefreshAll()
	pools := postgres.NewPools(time.Duration(values.QueryTimeoutMS) * time.Millisecond)
	defer pools.Close()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	dashboards.Watch(ctx.Done())
	backend := &api.Server{
		Settings: values, Sources: sources, Dashboards: dashboards, Plugins: registry, Pools: pools, Log: log,
		Page: page.Index(values.DefaultTheme), Static: page.Static(),
	}
	server := &http.Server{
		Addr: values.HTTPAddr + ":" + strconv.Itoa(values.HTTPPort), Handler: backend.Handler(), ReadHeaderTimeout: 10 * time.Second,
	}
	log.Info("listening", "address", server.Addr, "data_sources", len(sources), "dashboards", len(dashboards.All()))
	return serve(ctx, server)
}

// claim needs the writable places that Grafana needs, for its database and its plugins.
func claim(values settings.Settings) error {
	note := []byte("The Grafana stand-in keeps no database; Grafana would.\n")
	if err := os.WriteFile(filepath.Join(values.Data, "grafana.db"), note, 0o600); err != nil {
		return fmt.Errorf("GF_PATHS_DATA=%q is not writable: %w", values.Data, err)
	}
	if err := os.MkdirAll(values.Plugins, 0o755); err != nil {
		return fmt.Errorf("GF_PATHS_PLUGINS=%q cannot be made: %w", values.Plugins, err)
	}
	return nil
}

// serve runs until the signal and then gives open requests a short time.
func serve(ctx context.Context, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return fmt.Errorf("cannot listen on %s: %w", server.Addr, err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func level(name string) slog.Level {
	var parsed slog.Level
	if err := parsed.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo
	}
	return parsed
}
