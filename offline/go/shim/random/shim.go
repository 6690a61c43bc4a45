// Package shim makes the random provider, whose constructor is internal,
// reachable for the plugin.
package shim

import (
	tfprovider "github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// NewProvider returns a fresh instance of the random provider.
func NewProvider() tfprovider.Provider {
	return provider.New()
}
