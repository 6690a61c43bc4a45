package remote

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"pgai.watch/preview/offline/internal/command/printed"
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
	Logging                *printed.Logging  `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	Triggers               []any             `pulumi:"triggers,optional" provider:"replaceOnChanges"`
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
	if req.DryRun {
		return response, nil
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
	if req.DryRun {
		return response, nil
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
// As with the original its connection stays open until the plugin ends.
func (o *Outputs) run(ctx context.Context, text *string) error {
	if text == nil {
		return nil
	}
	client, err := o.Connection.dial(ctx)
	if err != nil {
		return err
	}
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	// Most servers take no variables: what the program asks for is then an error,
	// what the previous command printed is left out.
	for name, value := range o.Environment {
		if err := session.Setenv(name, value); err != nil {
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if o.AddPreviousOutputInEnv == nil || *o.AddPreviousOutputInEnv {
		for name, value := range map[string]string{printed.PreviousStdout: o.Stdout, printed.PreviousStderr: o.Stderr} {
			if value != "" && session.Setenv(name, value) != nil {
				provider.GetLogger(ctx).Warningf("Unable to set '%s'. This only works if your SSH server is configured "+
					"to accept these variables via AcceptEnv", name)
			}
		}
	}
	if o.Stdin != nil && *o.Stdin != "" {
		session.Stdin = strings.NewReader(*o.Stdin)
	}
	streams := printed.Collect(ctx, o.Logging)
	session.Stdout, session.Stderr = streams.Stdout, streams.Stderr
	if err := session.Run(*text); err != nil {
		return streams.Failed(err, *text)
	}
	o.Stdout, o.Stderr = streams.Texts()
	return nil
}
