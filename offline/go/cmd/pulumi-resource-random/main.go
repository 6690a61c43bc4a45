// Command pulumi-resource-random is the random plugin: the upstream provider
// behind the Pulumi bridge, under the names of the official SDK.
package main

import (
	"context"
	"fmt"

	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-random/shim"

	"pgai.watch/preview/offline/internal/bridged"
)

// version is set by the linker: the version of the official SDK.
var version = "0.0.0-dev"

func main() {
	info := tfbridge.ProviderInfo{
		Name:         "random",
		Version:      version,
		P:            pftfbridge.ShimProvider(shim.NewProvider()),
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_bytes": {ComputeID: idFrom("base64")},
		},
	}
	standard := tokens.MakeStandard("random")
	// The SDK keeps the package's name in the resources' names.
	info.MustComputeTokens(tokens.SingleModule("random_", "index", func(module, name string) (string, error) {
		return standard(module, "Random"+name)
	}))
	pftfbridge.Main(context.Background(), "random", info, pftfbridge.ProviderMetadata{
		PackageSchema: bridged.MinimalSchema("random", version),
	})
}

// idFrom makes a computed property the resource's ID, for a resource that has
// no ID of its own.
func idFrom(property resource.PropertyKey) tfbridge.ComputeID {
	return func(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
		value := state[property]
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		if !value.IsString() {
			return "", fmt.Errorf("the provider returned no %q", property)
		}
		return resource.ID(value.StringValue()), nil
	}
}
