package settings

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestTheEnvironmentStandsInForArguments(t *testing.T) {
	for name, value := range map[string]string{
		"PW_SOURCES": "s.yml", "PW_METRICS": "m.yml", "PW_SINK": "prometheus://:1,postgresql://h/d", "PW_WEBADDR": ":99", "PW_RETENTION": "3 days",
	} {
		t.Setenv(name, value)
	}
	options, err := Parse([]string{"--log-level=debug", "--metrics=other.yml"})
	if err != nil {
		t.Fatal(err)
	}
	if options.Sources != "s.yml" || options.Metrics != "other.yml" || len(options.Sinks) != 2 || options.WebAddr != ":99" ||
		options.Retention != "3 days" || options.LogLevel() != slog.LevelDebug {
		t.Errorf("got %+v", options)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := Parse([]string{"metric", "list", "--batching-delay=0s", "--max-parallel-connections-per-db=0"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, wanted := range []string{"no subcommands", "--sources", "--metrics", "no --sink", "--batching-delay", "--max-parallel"} {
		if !strings.Contains(err.Error(), wanted) {
			t.Errorf("%q is missing in: %v", wanted, err)
		}
	}
}

func TestHelpAndVersionSayWhatThisIs(t *testing.T) {
	for _, argument := range []string{"--help", "--version"} {
		_, err := Parse([]string{argument})
		var text Text
		if !errors.As(err, &text) || !strings.Contains(string(text), "stand-in") {
			t.Errorf("%s: %v", argument, err)
		}
	}
}
