// Package pythonhost serves the engine's language runtime protocol for Python
// programs.
package pythonhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// executor is the script that runs a program. It ships with the SDK and is
	// installed beside this binary.
	executor = "pulumi-language-python-exec"

	// alreadyReported is the script's exit code for "the user has been told".
	alreadyReported = 32
)

// Host implements the part of the protocol that running a program needs. What
// it does not implement (generating code, packing SDKs) is answered with the
// protocol's own "unimplemented".
type Host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine  string
	tracing string
	version string
	stop    context.CancelFunc
}

// New returns a host whose programs talk to the engine at the given address;
// stop ends the server.
func New(engine, tracing, version string, stop context.CancelFunc) *Host {
	return &Host{engine: engine, tracing: tracing, version: version, stop: stop}
}

// Handshake tells the host where the engine listens.
func (h *Host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if req.GetEngineAddress() != "" {
		h.engine = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo returns the host's version.
func (h *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: h.version}, nil
}

// GetRequiredPackages names nothing up front: the engine loads the plugins of
// the resources that the program really registers. The official host lists
// every installed SDK, for which the engine would then try downloads.
func (h *Host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins is the older form of GetRequiredPackages.
func (h *Host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// RuntimeOptionsPrompts asks nothing.
func (h *Host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Cancel ends the host and, with it, a program that is running.
func (h *Host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.stop()
	return &emptypb.Empty{}, nil
}

// Run executes a program and waits for its end. An exception in the program
// has been reported to the engine by the script already; then the answer only
// says so.
func (h *Host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	cmd, err := h.command(ctx, req)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == alreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("Program exited with non-zero exit code: %d", exit.ExitCode()),
		}, nil
	default:
		return nil, fmt.Errorf("problem executing program (could not run language executor): %w", err)
	}
}

func (h *Host) command(ctx context.Context, req *pulumirpc.RunRequest) (*exec.Cmd, error) {
	python, err := python(req.GetInfo())
	if err != nil {
		return nil, err
	}
	script, err := executorPath()
	if err != nil {
		return nil, err
	}
	arguments := append([]string{"-u", script}, programArguments(req, h.engine, h.tracing)...)
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	cmd, err := python.Command(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	configuration, err := configurationEnvironment(req)
	if err != nil {
		return nil, err
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, configuration...)
	return cmd, nil
}

// python finds the interpreter that the project's runtime options ask for.
func python(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options, err := parseOptions(info)
	if err != nil {
		return nil, err
	}
	return toolchain.ResolveToolchain(options)
}

// executorPath prefers the script beside this binary to one on PATH, so that
// another engine's installation cannot mix in.
func executorPath() (string, error) {
	self, err := os.Executable()
	if err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			beside := filepath.Join(filepath.Dir(self), executor)
			if _, err = os.Stat(beside); err == nil {
				return beside, nil
			}
		}
	}
	found, err := exec.LookPath(executor)
	if err != nil {
		return "", fmt.Errorf("could not find %s beside the language host nor on PATH: %w", executor, err)
	}
	return found, nil
}
