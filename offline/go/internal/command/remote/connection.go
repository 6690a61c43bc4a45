// Package remote serves command:remote:Command and command:remote:CopyToRemote:
// commands and copies over SSH, each over a connection of its own.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Connection says how to reach a machine. Names and defaults are the official
// ones.
type Connection struct {
	Host               string           `pulumi:"host"`
	Port               *float64         `pulumi:"port,optional"`
	User               *string          `pulumi:"user,optional"`
	HostKey            *string          `pulumi:"hostKey,optional"`
	PrivateKey         *string          `pulumi:"privateKey,optional" provider:"secret"`
	PrivateKeyPassword *string          `pulumi:"privateKeyPassword,optional" provider:"secret"`
	Password           *string          `pulumi:"password,optional" provider:"secret"`
	AgentSocketPath    *string          `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int             `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int             `pulumi:"perDialTimeout,optional"`
	Proxy              *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection is a machine in between. Only its place in the schema is kept.
type ProxyConnection struct {
	Host string `pulumi:"host"`
}

// Annotate gives defaults.
func (c *Connection) Annotate(a infer.Annotator) {
	a.SetDefault(&c.Port, 22)
	a.SetDefault(&c.User, "root")
	a.SetDefault(&c.DialErrorLimit, 10)
	a.SetDefault(&c.PerDialTimeout, 15)
}

// dial makes a connection, and tries again as often as the program allows,
// whatever the reason of the failure.
func (c *Connection) dial(ctx context.Context) (*ssh.Client, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(c.Host, strconv.Itoa(int(*c.Port)))
	connected, client, err := retry.Until(ctx, retry.Acceptor{Accept: func(try int, _ time.Duration) (bool, any, error) {
		client, err := ssh.Dial("tcp", address, config)
		if err == nil {
			return true, client, nil
		}
		if limit := *c.DialErrorLimit; limit >= 0 && try >= limit {
			return false, nil, fmt.Errorf("after %d failed attempts: %w", try, err)
		}
		provider.GetLogger(ctx).InfoStatusf("Dial %d/%d failed: retrying", try+1, *c.DialErrorLimit)
		return false, nil, nil
	}})
	if err != nil {
		return nil, err
	}
	if !connected {
		return nil, ctx.Err()
	}
	return client.(*ssh.Client), nil
}

// config refuses what this stand-in leaves out, and a machine that it cannot
// recognise, which the original would talk to.
func (c *Connection) config() (*ssh.ClientConfig, error) {
	if c.Password != nil || c.Proxy != nil || c.HostKey == nil {
		return nil, errors.New("this stand-in of the command plugin wants connection.hostKey and supports neither " +
			"connection.password nor connection.proxy: pin the machine's key, and use keys and a direct connection")
	}
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*c.HostKey))
	if err != nil {
		return nil, fmt.Errorf("failed to parse host key: %w", err)
	}
	config := &ssh.ClientConfig{
		User:              *c.User,
		HostKeyCallback:   ssh.FixedHostKey(hostKey),
		HostKeyAlgorithms: []string{hostKey.Type()},
		Timeout:           time.Duration(*c.PerDialTimeout) * time.Second,
	}
	if c.PrivateKey != nil {
		signer, err := c.signer()
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if c.AgentSocketPath != nil {
		socket = *c.AgentSocketPath
	}
	if socket != "" {
		keys, err := net.Dial("unix", socket)
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(keys).Signers))
	}
	return config, nil
}

func (c *Connection) signer() (ssh.Signer, error) {
	if c.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*c.PrivateKey), []byte(*c.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*c.PrivateKey))
}
