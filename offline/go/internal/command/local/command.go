// Package local serves command:local:Command: commands that run on the machine
// of the engine when a resource is created, updated and deleted.
package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"pgai.watch/preview/offline/internal/command/printed"
)

// Command is the resource.
type Command struct{}

// Inputs are what a program declares. Names and meaning are the official ones.
type Inputs struct {
	Create                 *string           `pulumi:"create,optional"`
	Update                 *string           `pulumi:"update,optional"`
	Delete                 *string           `pulumi:"delete,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Interpreter            []string          `pulumi:"interpreter,optional"`
	Dir                    *string           `pulumi:"dir,optional"`
	Logging                *printed.Logging  `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	Triggers               []any             `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	ArchivePaths           []string          `pulumi:"archivePaths,optional"`
	AssetPaths             []string          `pulumi:"assetPaths,optional"`
}

// Outputs are the inputs and what the last command printed, each without its
// last line break; as with the original none of it is secret by itself.
type Outputs struct {
	Inputs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Create runs the create command, if there is one.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[Inputs]) (infer.CreateResponse[Outputs], error) {
	response := infer.CreateResponse[Outputs]{Output: Outputs{Inputs: req.Inputs}}
	if err := supported(req.Inputs); err != nil || req.DryRun {
		return response, err
	}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err != nil {
		return response, err
	}
	response.ID = id
	return response, response.Output.run(ctx, req.Inputs.Create)
}

// Update runs the update command or, without one, the create command.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[Inputs, Outputs],
) (infer.UpdateResponse[Outputs], error) {
	response := infer.UpdateResponse[Outputs]{
		Output: Outputs{Inputs: req.Inputs, Stdout: req.State.Stdout, Stderr: req.State.Stderr},
	}
	if err := supported(req.Inputs); err != nil || req.DryRun {
		return response, err
	}
	text := req.Inputs.Update
	if text == nil {
		text = req.Inputs.Create
	}
	return response, response.Output.run(ctx, text)
}

// Delete runs the delete command, if there is one.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[Outputs]) (infer.DeleteResponse, error) {
	return infer.DeleteResponse{}, req.State.run(ctx, req.State.Delete)
}

// run executes one of the commands, if it is there, and keeps what it printed.
func (o *Outputs) run(ctx context.Context, text *string) error {
	if text == nil {
		return nil
	}
	argv := append([]string{}, o.Interpreter...)
	if len(argv) == 0 {
		argv = []string{"/bin/sh", "-c"}
	}
	argv = append(argv, *text)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if o.Dir != nil {
		cmd.Dir = *o.Dir
	}
	cmd.Env = os.Environ()
	set := func(name, value string) { cmd.Env = append(cmd.Env, name+"="+value) }
	for name, value := range o.Environment {
		set(name, value)
	}
	if o.AddPreviousOutputInEnv == nil || *o.AddPreviousOutputInEnv {
		if o.Stdout != "" {
			set(printed.PreviousStdout, o.Stdout)
		}
		if o.Stderr != "" {
			set(printed.PreviousStderr, o.Stderr)
		}
	}
	if o.Stdin != nil {
		cmd.Stdin = strings.NewReader(*o.Stdin)
	}
	streams := printed.Collect(ctx, o.Logging)
	cmd.Stdout, cmd.Stderr = streams.Stdout, streams.Stderr
	if err := cmd.Run(); err != nil {
		return streams.Failed(err, *text)
	}
	o.Stdout, o.Stderr = streams.Texts()
	return nil
}

// supported refuses what this stand-in leaves out, rather than ignoring it.
func supported(inputs Inputs) error {
	if len(inputs.ArchivePaths) > 0 || len(inputs.AssetPaths) > 0 {
		return errors.New("this stand-in of the command plugin supports neither archivePaths nor assetPaths; " +
			"read the files in the program, or install the official plugin")
	}
	return nil
}
