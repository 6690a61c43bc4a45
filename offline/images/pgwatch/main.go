// Command pgwatch is a stand-in for the official pgwatch 3 collector. It keeps the parts of pgwatch's
// contract that a preview relies on (command line, YAML formats, both sinks, probe endpoints), so that the
// official image can replace it unchanged.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"pgai.watch/offline/pgwatch/internal/app"
	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/settings"
)

// Exit codes of the official program for the cases that occur here.
const (
	exitOK          = 0
	exitConfigError = 1
	exitFatal       = 7
)

func main() { os.Exit(run()) }

func run() int {
	secrets := logging.NewSecrets()
	stderr := secrets.Writer(os.Stderr)
	options, err := settings.Parse(os.Args[1:])
	var text settings.Text
	switch {
	case errors.As(err, &text):
		fmt.Println(text)
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "pgwatch (stand-in): %v\n", err)
		return exitConfigError
	}

	logger := slog.New(slog.NewTextHandler(secrets.Writer(os.Stdout), &slog.HandlerOptions{Level: options.LogLevel()}))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	logger.Info("this is a stand-in for pgwatch 3, not the official program", "version", settings.Version)
	err = app.Run(ctx, options, secrets, logger)
	var configError *app.ConfigError
	switch {
	case errors.As(err, &configError):
		logger.Error("cannot start: " + configError.Error())
		return exitConfigError
	case err != nil:
		logger.Error("stopped: " + err.Error())
		return exitFatal
	}
	logger.Info("stopped on request")
	return exitOK
}
