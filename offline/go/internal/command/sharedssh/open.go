package sharedssh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
)

const (
	// How long a connection stays open for the next session.
	persistSeconds = 60
	// The end of all retries, however many errors are allowed.
	dialDeadline = 30 * time.Minute
	// What logging in may take once the machine has answered.
	loginTime = 15 * time.Second
)

// errUnrecognised says that the machine has another host key.
var errUnrecognised = errors.New("the host key is another one")

// Connection is a shared connection that was open a moment ago.
type Connection struct {
	target Target
	socket string
}

// Open makes sure of the shared connection to a machine. Failed attempts are
// repeated as the target says; a wrong host key is an error at once.
func Open(ctx context.Context, target Target) (*Connection, error) {
	hostKey, err := target.pinned()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("ssh"); err != nil {
		return nil, errors.New("there is no ssh on PATH: install the OpenSSH client (Debian: openssh-client)")
	}
	directory, err := controlDirectory()
	if err != nil {
		return nil, err
	}
	connection := &Connection{target: target, socket: filepath.Join(directory, target.name(hostKey))}
	if connection.alive(ctx) {
		return connection, nil
	}
	// One opens it, also when several processes want it; the others find it open.
	lock := flock.New(connection.socket + ".lock")
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another connection to %s: %w", target, err)
	}
	defer func() { _ = lock.Close() }()
	if connection.alive(ctx) {
		return connection, nil
	}
	return connection, connection.dialRepeatedly(ctx, hostKey)
}

// dialRepeatedly dials until it succeeds or may not try again.
func (c *Connection) dialRepeatedly(ctx context.Context, hostKey string) error {
	ctx, cancel := context.WithTimeout(ctx, dialDeadline)
	defer cancel()
	private, err := os.MkdirTemp(filepath.Dir(c.socket), "dial-")
	if err != nil {
		return fmt.Errorf("a temporary directory cannot be made: %w", err)
	}
	defer func() { _ = os.RemoveAll(private) }()
	known := filepath.Join(private, "known_hosts")
	if err := os.WriteFile(known, []byte("pinned "+hostKey+"\n"), 0o600); err != nil {
		return fmt.Errorf("the pinned host key cannot be written: %w", err)
	}
	agent, stop, err := c.target.agent(filepath.Join(private, "agent"))
	if err != nil {
		return err
	}
	defer stop()
	options := []string{
		"ControlMaster=yes", "ControlPersist=" + strconv.Itoa(persistSeconds),
		"HostKeyAlias=pinned", "UserKnownHostsFile=" + quoted(known), "IdentityAgent=" + quoted(agent),
		"ServerAliveInterval=10", "ServerAliveCountMax=3",
	}
	started, limit := time.Now(), c.target.DialErrorLimit
	var last error
	done, _, err := retry.Until(ctx, retry.Acceptor{Accept: func(try int, _ time.Duration) (bool, any, error) {
		attempts := try + 1
		last = c.dial(ctx, filepath.Join(private, "log"), options)
		switch {
		case last == nil:
			return true, nil, nil
		case errors.Is(last, errUnrecognised):
			return false, nil, fmt.Errorf("the SSH host key of %s is not the pinned one (%s): it is another machine, or "+
				"something between here and there; nothing was sent to it, and if the machine was replaced on purpose, "+
				"pin its new key as connection.hostKey", c.target, hostKey)
		case limit >= 0 && attempts > limit:
			return false, nil, fmt.Errorf("no SSH connection to %s after %d attempts in %s: %w",
				c.target, attempts, time.Since(started).Round(100*time.Millisecond), last)
		}
		provider.GetLogger(ctx).InfoStatusf("no SSH connection to %s yet (%d attempts): %v", c.target, attempts, last)
		return false, nil, nil
	}})
	if err != nil || done {
		return err
	}
	return fmt.Errorf("there was no SSH connection to %s when time was up (%s): %w",
		c.target, time.Since(started).Round(time.Second), last)
}

// dial runs the client that ends as soon as it has logged in, and stays behind
// as a daemon. It writes to a file: a pipe would stay open as long as the daemon
// lives.
func (c *Connection) dial(ctx context.Context, logFile string, options []string) error {
	if timeout := c.target.PerDialTimeout; timeout > 0 {
		options = append(slices.Clone(options), "ConnectTimeout="+strconv.Itoa(int(timeout.Seconds())))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout+loginTime)
		defer cancel()
	}
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	arguments := append(c.arguments(options...), "-f", "-N", "--", c.target.Host)
	master := exec.CommandContext(ctx, "ssh", arguments...)
	master.Dir, master.Stdout, master.Stderr = "/", log, log
	// It outlives us: the secrets in our environment are none of its business.
	master.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C"}
	failed := master.Run()
	if failed == nil {
		return nil
	}
	said, err := os.ReadFile(logFile)
	if err != nil {
		return failed
	}
	// The client has one exit code for everything; this line is how it tells a
	// wrong host key from a machine that is not there.
	if strings.Contains(string(said), "Host key verification failed.") {
		return errUnrecognised
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if line := strings.TrimSpace(lines[len(lines)-1]); line != "" {
		return errors.New(line)
	}
	return failed
}

// alive asks the daemon whether it is there and connected.
func (c *Connection) alive(ctx context.Context) bool {
	if _, err := os.Stat(c.socket); err != nil {
		return false
	}
	return exec.CommandContext(ctx, "ssh", append(c.arguments(), "-O", "check", "--", c.target.Host)...).Run() == nil
}

// arguments are what every call of the client has: nothing comes from the
// user's or the system's configuration, and nothing is ever asked.
func (c *Connection) arguments(options ...string) []string {
	arguments := []string{
		"-F", "none", "-S", c.socket, "-p", strconv.Itoa(c.target.Port), "-l", c.target.User,
	}
	options = append(options,
		"BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none", "CheckHostIP=no",
		"UpdateHostKeys=no", "PreferredAuthentications=publickey", "IdentityFile=none", "ForwardAgent=no",
		"ClearAllForwardings=yes", "RequestTTY=no", "LogLevel=ERROR",
	)
	for _, option := range options {
		arguments = append(arguments, "-o", option)
	}
	return arguments
}

// quoted protects blanks and percent signs in a path that is an option's value.
func quoted(path string) string {
	return `"` + strings.ReplaceAll(path, "%", "%%") + `"`
}
