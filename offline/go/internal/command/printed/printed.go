// Package printed collects what a command of a resource prints.
package printed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// The environment variables that hold what the previous command printed.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// Logging says which of a command's streams are shown while it runs. The zero
// value shows both.
type Logging string

// The values a program may give.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	LogNone            Logging = "none"
)

// Values lists the valid values.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "Stdout", Value: LogStdout},
		{Name: "Stderr", Value: LogStderr},
		{Name: "StdoutAndStderr", Value: LogStdoutAndStderr},
		{Name: "None", Value: LogNone},
	}
}

// Streams are the two streams of one command.
type Streams struct {
	Stdout, Stderr io.Writer

	stdout, stderr, both bytes.Buffer
	shown                status
	writing              sync.Mutex
}

// Collect makes streams that are shown as the program wishes.
func Collect(ctx context.Context, logging *Logging) *Streams {
	streams := &Streams{shown: status{ctx: ctx}}
	shows := func(other Logging) bool { return logging == nil || *logging != other && *logging != LogNone }
	streams.Stdout = &stream{streams, &streams.stdout, shows(LogStderr)}
	streams.Stderr = &stream{streams, &streams.stderr, shows(LogStdout)}
	return streams
}

// Texts gives both streams, each without its last line break.
func (s *Streams) Texts() (stdout, stderr string) {
	return strings.TrimSuffix(s.stdout.String(), "\n"), strings.TrimSuffix(s.stderr.String(), "\n")
}

// Failed is the error of a command that failed. As the original's it holds the
// command's text, so that has to be free of secrets.
func (s *Streams) Failed(err error, text string) error {
	return fmt.Errorf("%w: running %q:\n%s", err, text, s.both.String())
}

type stream struct {
	streams *Streams
	own     *bytes.Buffer
	shown   bool
}

// Write implements io.Writer. Two streams of one command are written at once.
func (s *stream) Write(data []byte) (int, error) {
	s.streams.writing.Lock()
	defer s.streams.writing.Unlock()
	s.own.Write(data)
	s.streams.both.Write(data)
	if s.shown {
		s.streams.shown.write(data)
	}
	return len(data), nil
}

// status shows each complete line as the resource's status.
type status struct {
	ctx  context.Context
	line bytes.Buffer
}

func (s *status) write(data []byte) {
	s.line.Write(data)
	for {
		line, rest, complete := bytes.Cut(s.line.Bytes(), []byte("\n"))
		if !complete {
			return
		}
		provider.GetLogger(s.ctx).InfoStatus(string(line))
		s.line = *bytes.NewBuffer(bytes.Clone(rest))
	}
}
