// Package records serves cloudflare:index/dnsRecord:DnsRecord.
package records

import (
	"context"
	"os"
	"time"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"pgai.watch/preview/offline/internal/cloudflare/api"
)

// Config is the provider's configuration. Names and variables are the official
// ones. What comes from a variable is not in the stack's state, so that a token
// can be replaced at any time.
type Config struct {
	APIToken                *string `pulumi:"apiToken,optional" provider:"secret"`
	APIKey                  *string `pulumi:"apiKey,optional" provider:"secret"`
	APIUserServiceKey       *string `pulumi:"apiUserServiceKey,optional" provider:"secret"`
	Email                   *string `pulumi:"email,optional"`
	BaseURL                 *string `pulumi:"baseUrl,optional"`
	UserAgentOperatorSuffix *string `pulumi:"userAgentOperatorSuffix,optional"`
}

func client(ctx context.Context) *api.Client {
	config := infer.GetConfig[Config](ctx)
	return &api.Client{
		URL: setting(config.BaseURL, "CLOUDFLARE_BASE_URL", api.DefaultURL),
		Credentials: api.Credentials{
			Token:      setting(config.APIToken, "CLOUDFLARE_API_TOKEN", ""),
			Key:        setting(config.APIKey, "CLOUDFLARE_API_KEY", ""),
			Email:      setting(config.Email, "CLOUDFLARE_EMAIL", ""),
			ServiceKey: setting(config.APIUserServiceKey, "CLOUDFLARE_API_USER_SERVICE_KEY", ""),
		},
		Waiting: func(reason error, pause time.Duration) {
			provider.GetLogger(ctx).InfoStatusf("Cloudflare: %v; again in %s", reason, pause.Round(100*time.Millisecond))
		},
	}
}

// setting is a value of the configuration, else of the environment.
func setting(configured *string, variable, otherwise string) string {
	if configured != nil && *configured != "" {
		return *configured
	}
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}
