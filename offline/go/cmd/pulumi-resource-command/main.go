// Command pulumi-resource-command is a stand-in for the official command
// plugin, whose module no registry serves. It is built on the same library and
// serves the same resources under the same names.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"

	"pgai.watch/preview/offline/internal/command/local"
	"pgai.watch/preview/offline/internal/command/remote"
)

// version is set by the linker: the version of the official SDK.
var version = "0.0.0-dev"

func main() {
	if slices.Contains(os.Args[1:], "--version") || slices.Contains(os.Args[1:], "-version") {
		fmt.Printf("%s (stand-in for the official command plugin)\n", version)
		return
	}
	if err := run(context.Background()); err != nil {
		cmdutil.Exit(err)
	}
}

func run(ctx context.Context) error {
	served, err := infer.NewProviderBuilder().
		WithDisplayName("Command (stand-in)").
		WithDescription("A stand-in for the official command plugin").
		WithResources(
			infer.Resource(&local.Command{}),
			infer.Resource(&remote.Command{}),
			infer.Resource(&remote.CopyToRemote{}),
		).
		Build()
	if err != nil {
		return err
	}
	return provider.RunProvider(ctx, "command", version, served)
}
