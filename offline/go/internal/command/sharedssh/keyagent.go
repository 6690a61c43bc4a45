package sharedssh

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agent is the socket of the agent that holds the keys for the target: the
// user's, or one of our own at the given path. The function ends our own.
func (t Target) agent(path string) (string, func(), error) {
	if t.PrivateKey != "" {
		listener, err := serveKey(t, path)
		if err != nil {
			return "", nil, err
		}
		return path, func() { _ = listener.Close() }, nil
	}
	socket := t.AgentSocket
	if socket == "" {
		socket = os.Getenv("SSH_AUTH_SOCK")
	}
	if socket == "" {
		return "", nil, fmt.Errorf("there is no SSH key for %s: start an agent that holds it (ssh-agent, ssh-add), "+
			"so that SSH_AUTH_SOCK is set", t)
	}
	return socket, func() {}, nil
}

// serveKey gives a private key to the OpenSSH client through an agent of our
// own, so that it is in no file and in no argument list. Closing the listener
// ends the agent.
func serveKey(target Target, socket string) (net.Listener, error) {
	key, err := parseKey(target)
	if err != nil {
		return nil, err
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		return nil, fmt.Errorf("connection.privateKey for %s cannot be used: %w", target, err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("the agent for connection.privateKey cannot be started: %w", err)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(keys, client)
				_ = client.Close()
			}()
		}
	}()
	return listener, nil
}

func parseKey(target Target) (any, error) {
	if target.Passphrase != "" {
		key, err := ssh.ParseRawPrivateKeyWithPassphrase([]byte(target.PrivateKey), []byte(target.Passphrase))
		if err != nil {
			return nil, fmt.Errorf("connection.privateKey for %s cannot be read with privateKeyPassword: %w", target, err)
		}
		return key, nil
	}
	key, err := ssh.ParseRawPrivateKey([]byte(target.PrivateKey))
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("connection.privateKey for %s has a passphrase: give it as privateKeyPassword", target)
	}
	if err != nil {
		return nil, fmt.Errorf("connection.privateKey for %s is not a private key: %w", target, err)
	}
	return key, nil
}
