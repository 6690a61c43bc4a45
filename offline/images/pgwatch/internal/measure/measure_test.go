package measure

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestOnlyTheOfficialTypesAreNumbers(t *testing.T) {
	for _, value := range []any{int32(1), int64(1), float32(1), float64(1), true} {
		if number, ok := Number(value); !ok || number != 1 {
			t.Errorf("%T is not a number", value)
		}
	}
	for _, value := range []any{nil, "1", int16(1), pgtype.Numeric{Int: big.NewInt(1), Valid: true}, time.Now()} {
		if _, ok := Number(value); ok {
			t.Errorf("%T is a number", value)
		}
	}
}

func TestPlainValuesFitIntoJSON(t *testing.T) {
	values := []any{
		math.NaN(), math.Inf(1), float32(math.Inf(-1)), pgtype.Numeric{NaN: true, Valid: true}, []byte{1, 255},
		[16]byte{1}, pgtype.Numeric{Int: big.NewInt(15), Exp: -1, Valid: true}, nil, "text", time.Unix(0, 0),
	}
	for _, value := range values {
		if _, err := json.Marshal(Plain(value)); err != nil {
			t.Errorf("%T %v: %v", value, value, err)
		}
	}
	if got := Plain([16]byte{0xa0, 15: 1}); got != "a0000000-0000-0000-0000-000000000001" {
		t.Errorf("uuid: %v", got)
	}
}

func TestLabels(t *testing.T) {
	for want, value := range map[string]any{
		"": nil, "x": "x", "12": int64(12), "true": true, "1.5": pgtype.Numeric{Int: big.NewInt(15), Exp: -1, Valid: true},
		`\x01`: []byte{1}, "1970-01-01T00:00:01Z": time.Unix(1, 0),
	} {
		if got := Label(value); got != want {
			t.Errorf("%v: got %q, want %q", value, got, want)
		}
	}
}

func TestTheTimeOfAResult(t *testing.T) {
	now := time.Unix(100, 0)
	if got := TimeOf([]Row{{EpochColumn: int64(5e9)}}, now); !got.Equal(time.Unix(5, 0)) {
		t.Errorf("got %v", got)
	}
	for _, rows := range [][]Row{nil, {{}}, {{EpochColumn: nil}}, {{EpochColumn: "5"}}} {
		if got := TimeOf(rows, now); !got.Equal(now) {
			t.Errorf("%v: got %v", rows, got)
		}
	}
}
