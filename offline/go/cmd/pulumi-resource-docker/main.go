// Command pulumi-resource-docker is the Docker plugin: the upstream provider
// behind the Pulumi bridge, under the names of the official SDK. Only
// docker.Image (building an image), which the official plugin adds itself, is
// missing.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	sdktokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"

	"pgai.watch/preview/offline/internal/bridged"
)

// version is set by the linker: the version of the official SDK.
var version = "0.0.0-dev"

func main() {
	token := tokens.MakeStandard("docker")
	member := func(name string) *tfbridge.ResourceInfo {
		tok, err := token("index", name)
		if err != nil {
			panic(err)
		}
		return &tfbridge.ResourceInfo{Tok: sdktokens.Type(tok)}
	}
	container := member("Container")
	// A container owns its name and its place in the networks: the old one has
	// to go before the new one can come.
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info := tfbridge.ProviderInfo{
		Name:         "docker",
		Version:      version,
		P:            sdkv2.NewProvider(shim.NewProvider(version)),
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": container,
			"docker_config":    member("ServiceConfig"),
			"docker_image":     member("RemoteImage"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image": {Tok: "docker:index/getRemoteImage:getRemoteImage"},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("docker_", "index", token))
	tfbridge.Main("docker", version, info, bridged.MinimalSchema("docker", version))
}
