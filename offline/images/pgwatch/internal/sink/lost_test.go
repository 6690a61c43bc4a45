package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestLost(t *testing.T) {
	for code, want := range map[string]bool{
		"57P01": true, "57P03": true, "08006": true, "53300": true, "57014": false, "42703": false, "22P02": false, "42501": false,
	} {
		if got := lost(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: got %t", code, got)
		}
	}
	if !lost(io.ErrUnexpectedEOF) || !lost(context.DeadlineExceeded) || lost(errors.New("else")) {
		t.Error("errors without a code are judged wrongly")
	}
}
