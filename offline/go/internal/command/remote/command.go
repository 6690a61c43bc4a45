package remote

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"pgai.watch/preview/offline/internal/command/process"
	"pgai.watch/preview/offline/internal/command/sharedssh"
)

// Command is the resource.
type Command struct{}

// Inputs are what a program declares. Names and meaning are the official ones.
type Inputs struct {
	Connection             *Connection       `pulumi:"connection" provider:"secret"`
	Create                 *string           `pulumi:"create,optional"`
	Update                 *string           `pulumi:"update,optional"`
	Delete                 *string           `pulumi:"delete,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Logging                *process.Logging  `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	Triggers               []any             `pulumi:"triggers,optional" provider:"replaceOnChanges"`
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
// when something it depends on is. The connection, which is always secret, has
// no part in it.
func (*Command) WireDependencies(f infer.FieldSelector, args *Inputs, state *Outputs) {
	sources := []infer.InputField{
		f.InputField(&args.Create), f.InputField(&args.Update), f.InputField(&args.Stdin),
		f.InputField(&args.Environment), f.InputField(&args.Triggers),
	}
	f.OutputField(&state.Stdout).DependsOn(sources...)
	f.OutputField(&state.Stderr).DependsOn(sources...)
}

// Create runs the create command, if there is one.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[Inputs]) (infer.CreateResponse[Outputs], error) {
	response := infer.CreateResponse[Outputs]{Output: Outputs{Inputs: req.Inputs}}
	if req.DryRun {
		return response, nil
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
	name, text := "update", req.Inputs.Update
	if text == nil {
		name, text = "create", req.Inputs.Create
	}
	if req.DryRun || text == nil {
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
	environment := map[string]string{}
	if previous != nil && valueOr(inputs.AddPreviousOutputInEnv, true) {
		environment[process.PreviousStdout] = shortEnough(ctx, previous.Stdout)
		environment[process.PreviousStderr] = shortEnough(ctx, previous.Stderr)
	}
	maps.Copy(environment, inputs.Environment)
	exports, err := exported(environment)
	if err != nil {
		return "", "", err
	}
	connection, err := inputs.Connection.open(ctx)
	if err != nil {
		return "", "", err
	}
	return connection.Run(ctx, sharedssh.Script{
		Name:    name,
		Text:    exports + text,
		Input:   strings.NewReader(valueOr(inputs.Stdin, "")),
		Logging: valueOr(inputs.Logging, ""),
	})
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// exported is a piece of script that sets the variables. The official plugin
// asks the server to set them, which most servers refuse.
func exported(environment map[string]string) (string, error) {
	var script strings.Builder
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if !variable.MatchString(name) {
			return "", fmt.Errorf("%q in environment is not the name of a variable: use letters, digits and _", name)
		}
		fmt.Fprintf(&script, "export %s=%s\n", name, sharedssh.Quote(environment[name]))
	}
	return script.String(), nil
}

// A variable that is longer keeps the kernel from starting any program.
const longestVariable = 100_000

func shortEnough(ctx context.Context, text string) string {
	if len(text) <= longestVariable {
		return text
	}
	provider.GetLogger(ctx).Warning("what the previous command printed is too long for the environment and left out")
	return ""
}
