// Package remote serves command:remote:Command and command:remote:CopyToRemote:
// commands and copies over SSH.
package remote

import (
	"context"
	"errors"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"

	"pgai.watch/preview/offline/internal/command/sharedssh"
)

// Connection says how to reach a machine. Names and defaults are the official
// ones.
type Connection struct {
	Host               string           `pulumi:"host"`
	Port               *float64         `pulumi:"port,optional"`
	User               *string          `pulumi:"user,optional"`
	HostKey            *string          `pulumi:"hostKey,optional"`
	PrivateKey         *string          `pulumi:"privateKey,optional"`
	PrivateKeyPassword *string          `pulumi:"privateKeyPassword,optional"`
	Password           *string          `pulumi:"password,optional"`
	AgentSocketPath    *string          `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int             `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int             `pulumi:"perDialTimeout,optional"`
	Proxy              *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection is a machine in between. Only its place in the schema is kept.
type ProxyConnection struct {
	Host               string   `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	User               *string  `pulumi:"user,optional"`
	HostKey            *string  `pulumi:"hostKey,optional"`
	PrivateKey         *string  `pulumi:"privateKey,optional"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional"`
	Password           *string  `pulumi:"password,optional"`
	AgentSocketPath    *string  `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int     `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int     `pulumi:"perDialTimeout,optional"`
}

// Annotate gives defaults.
func (c *Connection) Annotate(a infer.Annotator) {
	a.SetDefault(&c.Port, 22)
	a.SetDefault(&c.User, "root")
	a.SetDefault(&c.DialErrorLimit, 10)
	a.SetDefault(&c.PerDialTimeout, 15)
}

// open opens the shared connection or refuses what this stand-in leaves out.
func (c *Connection) open(ctx context.Context) (*sharedssh.Connection, error) {
	if c.Password != nil || c.Proxy != nil {
		return nil, errors.New("this stand-in of the command plugin supports neither connection.password nor " +
			"connection.proxy: use keys and a direct connection, or install the official plugin")
	}
	return sharedssh.Open(ctx, sharedssh.Target{
		Host:           c.Host,
		Port:           int(valueOr(c.Port, 22)),
		User:           valueOr(c.User, "root"),
		HostKey:        valueOr(c.HostKey, ""),
		PrivateKey:     valueOr(c.PrivateKey, ""),
		Passphrase:     valueOr(c.PrivateKeyPassword, ""),
		AgentSocket:    valueOr(c.AgentSocketPath, ""),
		DialErrorLimit: valueOr(c.DialErrorLimit, 10),
		PerDialTimeout: time.Duration(valueOr(c.PerDialTimeout, 15)) * time.Second,
	})
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
