// Package retry waits between attempts at something that may come back, and keeps the log short meanwhile.
package retry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	firstPause  = 250 * time.Millisecond
	longestWait = 5 * time.Second
	// statementCancelled is what a statement timeout gives.
	statementCancelled = "57014"
	repeatAfter        = 30 * time.Second // an unchanged failure is logged again after this long
)

// Attempts counts failures in a row. It belongs to one goroutine.
type Attempts struct {
	what    string
	logger  *slog.Logger
	pause   time.Duration
	since   time.Time // of the first failure in a row
	logged  time.Time
	message string
}

// New returns attempts at reaching what, for example "the sink database".
func New(what string, logger *slog.Logger) *Attempts { return &Attempts{what: what, logger: logger} }

// Wait records a failure and pauses, longer each time up to five seconds. False means that the context has ended.
func (a *Attempts) Wait(ctx context.Context, failure error) bool {
	now := time.Now()
	if a.since.IsZero() {
		a.since, a.pause = now, firstPause
	} else {
		a.pause = min(2*a.pause, longestWait)
	}
	if ctx.Err() != nil {
		return false
	}
	if failure.Error() != a.message || now.Sub(a.logged) >= repeatAfter {
		a.message, a.logged = failure.Error(), now
		a.logger.Warn(a.what+" cannot be used; will be tried again until it answers: "+a.message,
			"unavailable_for", now.Sub(a.since).Round(time.Second).String(),
			"next_attempt_by", now.Add(a.pause).UTC().Format(time.RFC3339))
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(a.pause):
		return true
	}
}

// Succeeded ends a row of failures.
func (a *Attempts) Succeeded() {
	if !a.since.IsZero() {
		a.logger.Info(a.what+" answers again", "unavailable_for", time.Since(a.since).Round(time.Millisecond).String())
	}
	a.since, a.message = time.Time{}, ""
}

// Lost says whether an error of a statement means that the server or the connection is gone, not the statement bad.
func Lost(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return true
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code[:2] { // connection, resources, operator intervention
		case "08", "53", "57":
			return answer.Code != statementCancelled
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}
