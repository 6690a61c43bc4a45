// Package shim makes the Docker provider, whose constructor is internal,
// reachable for the plugin.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"

	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns a fresh instance of the Docker provider.
func NewProvider(version string) *schema.Provider {
	return provider.New(version)()
}
