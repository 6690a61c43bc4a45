package process

import (
	"bytes"
	"context"
	"strings"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Logging says which of a command's streams go to the engine's log. The zero
// value logs both.
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

func (l Logging) logsStdout() bool { return l != LogStderr && l != LogNone }
func (l Logging) logsStderr() bool { return l != LogStdout && l != LogNone }

// logged collects a stream and logs each line as soon as it is complete.
type logged struct {
	ctx  context.Context
	logs bool
	all  bytes.Buffer
	line bytes.Buffer
}

func newLogged(ctx context.Context, logs bool) *logged {
	return &logged{ctx: ctx, logs: logs}
}

// Write implements io.Writer.
func (l *logged) Write(data []byte) (int, error) {
	l.all.Write(data)
	if !l.logs {
		return len(data), nil
	}
	for _, b := range data {
		if b == '\n' {
			l.flush()
		} else {
			l.line.WriteByte(b)
		}
	}
	return len(data), nil
}

func (l *logged) flush() {
	if l.line.Len() > 0 {
		provider.GetLogger(l.ctx).Info(l.line.String())
		l.line.Reset()
	}
}

// finish logs an unfinished last line and returns everything that came,
// without the last line break.
func (l *logged) finish() string {
	l.flush()
	return strings.TrimSuffix(l.all.String(), "\n")
}
