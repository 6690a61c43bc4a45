package sharedssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"pgai.watch/preview/offline/internal/command/process"
)

// The exit code of the client for failures of its own; a command may end with
// it too.
const connectionFailed = 255

// sessions limits how many sessions of this process are open at once: a server
// allows ten in one connection, and other processes may share it.
var sessions = make(chan struct{}, 4)

// Script is what runs on the machine.
type Script struct {
	// Name is what it is for: errors say it.
	Name    string
	Text    string
	Input   io.Reader
	Logging process.Logging
}

// Run executes a script in the user's login shell and returns what it printed.
// The script travels as input, not as an argument: it may hold secrets, and
// arguments are there for everybody to see, here and on the machine.
func (c *Connection) Run(ctx context.Context, script Script) (stdout, stderr string, err error) {
	select {
	case sessions <- struct{}{}:
		defer func() { <-sessions }()
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	input := io.Reader(strings.NewReader(script.Text))
	if script.Input != nil {
		input = io.MultiReader(input, script.Input)
	}
	// Without the shared connection the client would make one of its own, whose
	// host key nobody checks: then it must fail.
	arguments := c.arguments("ControlMaster=no", "ProxyCommand=false", "UserKnownHostsFile=none")
	arguments = append(arguments, "--", c.target.Host, fmt.Sprintf(`eval "$(head -c %d)"`, len(script.Text)))
	stdout, stderr, err = process.Run(ctx, process.Spec{
		Name:    script.Name,
		Argv:    append([]string{"ssh"}, arguments...),
		Stdin:   input,
		Logging: script.Logging,
	})
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == connectionFailed && !c.alive(ctx) {
		return stdout, stderr, fmt.Errorf("the SSH connection to %s was lost while the %s command ran: "+
			"it may or may not have finished", c.target, script.Name)
	}
	return stdout, stderr, err
}

// Quote makes one word of the shell's language of a text.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
