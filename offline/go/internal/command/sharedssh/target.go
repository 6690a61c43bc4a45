// Package sharedssh runs programs on other machines with the system's OpenSSH
// client. All sessions to one machine share one connection, whose host key is
// always checked against a pinned one.
package sharedssh

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Target is a machine and how to log in to it.
type Target struct {
	Host string
	Port int
	User string
	// HostKey is the public key that the machine must have, as one line of an
	// authorized_keys file.
	HostKey string
	// PrivateKey is the text of a private key; without one the agent's keys are
	// used.
	PrivateKey string
	Passphrase string
	// AgentSocket is the agent's socket; by default SSH_AUTH_SOCK.
	AgentSocket string
	// DialErrorLimit is how many failed attempts to connect are retried; -1
	// means no limit.
	DialErrorLimit int
	// PerDialTimeout limits one attempt; 0 means no limit.
	PerDialTimeout time.Duration
}

// String is how messages name the target.
func (t Target) String() string {
	return t.User + "@" + net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
}

// pinned is the host key without comment, whatever else the line holds.
func (t Target) pinned() (string, error) {
	if strings.TrimSpace(t.HostKey) == "" {
		return "", fmt.Errorf("connection.hostKey is missing for %s: this stand-in of the command plugin never talks "+
			"to a machine that it cannot recognise; give the machine's public host key", t)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(t.HostKey))
	if err != nil {
		return "", fmt.Errorf("connection.hostKey for %s is not a public key: "+
			"give type and key as in `ssh-ed25519 AAAA…`, without the host's name", t)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), nil
}

// name tells shared connections apart: nobody may use one that was made with
// another key, or to a machine that was recognised by another host key.
func (t Target) name(hostKey string) string {
	sum := sha256.New()
	for _, part := range []string{
		t.User, t.Host, strconv.Itoa(t.Port), hostKey, t.PrivateKey, t.AgentSocket, os.Getenv("SSH_AUTH_SOCK"),
	} {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
