// Command pulumi-resource-hcloud is the Hetzner Cloud plugin: the upstream
// provider behind the Pulumi bridge, under the names of the official SDK.
package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hetznercloud/terraform-provider-hcloud/hcloud"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/contract"

	"pgai.watch/preview/offline/internal/bridged"
)

// version is set by the linker: the version of the official SDK.
var version = "0.0.0-dev"

func main() {
	ctx := context.Background()
	// The provider is two halves, one for each generation of the framework it
	// is written in.
	older := hcloud.Provider()
	info := tfbridge.ProviderInfo{
		Name:    "hcloud",
		Version: version,
		P:       pftfbridge.MuxShimWithPF(ctx, sdkv2.NewProvider(older), hcloud.NewPluginProvider()),
	}
	info.P.ResourcesMap().Range(ignoreUnmappable(&info))
	info.P.DataSourcesMap().Range(ignoreUnmappable(&info))
	info.MetadataInfo = tfbridge.NewProviderMetadata([]byte("{}"))
	info.MustComputeTokens(tokens.SingleModule("hcloud_", "index", tokens.MakeStandard("hcloud")))

	// Which half serves what. The official plugin reads this from a file that
	// is made when it is built; it takes no time to work it out.
	resources, functions := map[string]int{}, map[string]int{}
	for name, resource := range info.Resources {
		_, isOlder := older.ResourcesMap[name]
		resources[string(resource.Tok)] = half(isOlder)
	}
	for name, source := range info.DataSources {
		_, isOlder := older.DataSourcesMap[name]
		functions[string(source.Tok)] = half(isOlder)
	}
	dispatch, err := json.Marshal(map[string]any{
		"mux": map[string]any{"resources": resources, "functions": functions},
	})
	contract.AssertNoErrorf(err, "maps of strings always become JSON")
	info.MetadataInfo = tfbridge.NewProviderMetadata(dispatch)

	pftfbridge.MainWithMuxer(ctx, "hcloud", info, bridged.MinimalSchema("hcloud", version))
}

// ignoreUnmappable leaves out storage boxes and zones: they have fields that the
// bridge cannot map as they are, and no preview uses them.
func ignoreUnmappable(info *tfbridge.ProviderInfo) func(string, shim.Resource) bool {
	return func(name string, _ shim.Resource) bool {
		if strings.HasPrefix(name, "hcloud_storage_box") || strings.HasPrefix(name, "hcloud_zone") {
			info.IgnoreMappings = append(info.IgnoreMappings, name)
		}
		return true
	}
}

func half(isOlder bool) int {
	if isOlder {
		return 0
	}
	return 1
}
