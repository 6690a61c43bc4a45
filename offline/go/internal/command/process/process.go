// Package process runs a command for a resource: it collects what the command
// prints, passes it on to the engine's log, and turns a failure into an error
// that shows what the command complained about.
package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The environment variables that hold what the previous command printed.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// Spec is a command to run.
type Spec struct {
	// Name is what the command is for (create, update, delete): errors say it
	// instead of the command's text, which may hold secrets.
	Name        string
	Argv        []string
	Dir         string
	Stdin       io.Reader
	Environment map[string]string
	Logging     Logging
}

// Run executes the command and returns what it printed, each stream without
// its last line break. When ctx ends the command gets 10 seconds to end itself.
func Run(ctx context.Context, spec Spec) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, spec.Argv[0], spec.Argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir = spec.Dir
	cmd.Stdin = spec.Stdin
	cmd.Env = os.Environ()
	for key, value := range spec.Environment {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	outWriter := newLogged(ctx, spec.Logging.logsStdout())
	errWriter := newLogged(ctx, spec.Logging.logsStderr())
	cmd.Stdout, cmd.Stderr = outWriter, errWriter
	err = cmd.Run()
	stdout, stderr = outWriter.finish(), errWriter.finish()
	if err != nil {
		return stdout, stderr, fmt.Errorf("the %s command failed: %w\n%s", spec.Name, err, complaint(stdout, stderr))
	}
	return stdout, stderr, nil
}

// complaint is what the user should read first: the error stream or, for a
// command that is silent there, its output.
func complaint(stdout, stderr string) string {
	if strings.TrimSpace(stderr) != "" {
		return stderr
	}
	return stdout
}
