// Package records serves cloudflare:index/dnsRecord:DnsRecord.
package records

import (
	"context"
	"fmt"
	"os"
	"strconv"
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

	retryTime time.Duration
}

// Configure reads what the stand-in alone has: the official plugin has no
// setting for how long a request is repeated.
func (c *Config) Configure(context.Context) error {
	c.retryTime = api.DefaultRetryTime
	given := os.Getenv("PGAI_CLOUDFLARE_RETRY_SECONDS")
	if given == "" {
		return nil
	}
	seconds, err := strconv.Atoi(given)
	if err != nil || seconds < 1 {
		return fmt.Errorf("PGAI_CLOUDFLARE_RETRY_SECONDS=%q is not a whole number of seconds from 1", given)
	}
	c.retryTime = time.Duration(seconds) * time.Second
	return nil
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
		RetryTime: config.retryTime,
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
