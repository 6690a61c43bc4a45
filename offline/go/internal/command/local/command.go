// Package local serves command:local:Command: commands that run on the machine
// of the engine when a resource is created, updated and deleted.
package local

import (
	"context"
	"errors"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"pgai.watch/preview/offline/internal/command/process"
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
	Logging                *process.Logging  `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	Triggers               []any             `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	ArchivePaths           []string          `pulumi:"archivePaths,optional"`
	AssetPaths             []string          `pulumi:"assetPaths,optional"`
}

// Outputs are the inputs and what the last command printed, each without its
// last line break.
type Outputs struct {
	Inputs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Annotate gives defaults to inputs.
func (inputs *Inputs) Annotate(a infer.Annotator) {
	a.SetDefault(&inputs.AddPreviousOutputInEnv, true)
}

// WireDependencies says that the printed text is secret and unknown exactly
// when something it depends on is. The command for deletion is not: it runs
// when there is no state left.
func (*Command) WireDependencies(f infer.FieldSelector, args *Inputs, state *Outputs) {
	sources := []infer.InputField{
		f.InputField(&args.Create), f.InputField(&args.Update), f.InputField(&args.Stdin),
		f.InputField(&args.Environment), f.InputField(&args.Interpreter), f.InputField(&args.Dir),
		f.InputField(&args.Triggers),
	}
	f.OutputField(&state.Stdout).DependsOn(sources...)
	f.OutputField(&state.Stderr).DependsOn(sources...)
}

// Create runs the create command, if there is one.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[Inputs]) (infer.CreateResponse[Outputs], error) {
	response := infer.CreateResponse[Outputs]{Output: Outputs{Inputs: req.Inputs}}
	if err := supported(req.Inputs); err != nil || req.DryRun {
		return response, err
	}
	id, err := resource.NewUniqueHex("command", 8, 0)
	if err != nil {
		return response, err
	}
	response.ID = id
	if req.Inputs.Create != nil {
		response.Output.Stdout, response.Output.Stderr, err = run(ctx, "create", *req.Inputs.Create, req.Inputs, nil)
	}
	return response, err
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
	name, text := "update", req.Inputs.Update
	if text == nil {
		name, text = "create", req.Inputs.Create
	}
	if text == nil {
		return response, nil
	}
	var err error
	response.Output.Stdout, response.Output.Stderr, err = run(ctx, name, *text, req.Inputs, &req.State)
	return response, err
}

// Delete runs the delete command, if there is one.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[Outputs]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, _, err := run(ctx, "delete", *req.State.Delete, req.State.Inputs, &req.State)
	return infer.DeleteResponse{}, err
}

// run executes one of the commands; previous is the state before it, if any.
func run(ctx context.Context, name, text string, inputs Inputs, previous *Outputs) (string, string, error) {
	interpreter := inputs.Interpreter
	if len(interpreter) == 0 {
		interpreter = []string{"/bin/sh", "-c"}
	}
	environment := map[string]string{}
	if previous != nil && (inputs.AddPreviousOutputInEnv == nil || *inputs.AddPreviousOutputInEnv) {
		environment[process.PreviousStdout] = previous.Stdout
		environment[process.PreviousStderr] = previous.Stderr
	}
	for key, value := range inputs.Environment {
		environment[key] = value
	}
	return process.Run(ctx, process.Spec{
		Name:        name,
		Argv:        append(append([]string{}, interpreter...), text),
		Dir:         value(inputs.Dir),
		Stdin:       strings.NewReader(value(inputs.Stdin)),
		Environment: environment,
		Logging:     value(inputs.Logging),
	})
}

// supported refuses what this stand-in leaves out, rather than ignoring it.
func supported(inputs Inputs) error {
	if len(inputs.ArchivePaths) > 0 || len(inputs.AssetPaths) > 0 {
		return errors.New("this stand-in of the command plugin supports neither archivePaths nor assetPaths; " +
			"read the files in the program, or install the official plugin")
	}
	return nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
