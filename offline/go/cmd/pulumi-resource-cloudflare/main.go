// Command pulumi-resource-cloudflare is a stand-in for the official Cloudflare
// plugin, whose provider no module proxy serves. It serves DNS records, under
// the names of the official SDK.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"

	"pgai.watch/preview/offline/internal/cloudflare/api"
	"pgai.watch/preview/offline/internal/cloudflare/records"
)

// version is set by the linker: the version of the official SDK.
var version = "0.0.0-dev"

func main() {
	if slices.Contains(os.Args[1:], "--version") || slices.Contains(os.Args[1:], "-version") {
		fmt.Printf("%s (stand-in for the official Cloudflare plugin)\n", version)
		return
	}
	if err := run(context.Background()); err != nil {
		cmdutil.Exit(err)
	}
}

func run(ctx context.Context) error {
	api.UserAgent = "pgai-cloudflare-stand-in/" + version
	served, err := infer.NewProviderBuilder().
		WithDisplayName("Cloudflare (stand-in)").
		WithDescription("A stand-in for the official Cloudflare plugin").
		WithConfig(infer.Config(&records.Config{})).
		WithResources(infer.Resource(&records.DNSRecord{})).
		Build()
	if err != nil {
		return err
	}
	return provider.RunProvider(ctx, "cloudflare", version, served)
}
