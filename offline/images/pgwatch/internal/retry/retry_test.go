package retry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestLost(t *testing.T) {
	for code, want := range map[string]bool{
		"57P01": true, "57P03": true, "08006": true, "53300": true, "57014": false, "42703": false, "22P02": false, "42501": false,
	} {
		if got := Lost(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: got %t", code, got)
		}
	}
	if !Lost(io.ErrUnexpectedEOF) || !Lost(context.DeadlineExceeded) || Lost(errors.New("else")) {
		t.Error("errors without a code are judged wrongly")
	}
}

func TestTheSameFailureIsLoggedOnceAndTheEndTells(t *testing.T) {
	var log bytes.Buffer
	attempts := New("the thing", slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		if !attempts.Wait(t.Context(), errors.New("no")) {
			t.Fatal("gave up")
		}
	}
	attempts.Succeeded()
	attempts.Succeeded()
	if got := strings.Count(log.String(), "cannot be used"); got != 1 {
		t.Errorf("logged %d times", got)
	}
	if got := strings.Count(log.String(), "answers again"); got != 1 {
		t.Errorf("the end was logged %d times", got)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if New("x", slog.New(slog.DiscardHandler)).Wait(ctx, errors.New("no")) {
		t.Error("it would go on")
	}
}
