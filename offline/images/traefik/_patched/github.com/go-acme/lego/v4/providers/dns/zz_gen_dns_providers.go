// Package dns knows the one DNS provider that a base asks for certificates with.
//
// It takes the place of the library's list of nearly two hundred, whose clients are a large part of what a build of
// Traefik compiles. Any other name is refused, as the library refuses a name that it does not know.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v4/challenge"
	"github.com/go-acme/lego/v4/providers/dns/cloudflare"
)

// NewDNSChallengeProviderByName makes the provider of a name, which its own variables of the environment configure.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	if name != "cloudflare" {
		return nil, fmt.Errorf("unrecognized DNS provider: %s", name)
	}
	return cloudflare.NewDNSProvider()
}
