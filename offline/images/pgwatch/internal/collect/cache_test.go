package collect

import (
	"errors"
	"testing"
	"time"

	"pgai.watch/offline/pgwatch/internal/measure"
)

func TestAResultIsSharedWhileItIsYoungEnough(t *testing.T) {
	cache := NewCache()
	fetched := 0
	fetch := func() ([]measure.Row, error) { fetched++; return []measure.Row{{"n": fetched}}, nil }
	for i, step := range []struct {
		age  time.Duration
		want int
	}{{time.Hour, 1}, {time.Hour, 1}, {0, 2}, {time.Hour, 2}} {
		rows, err := cache.get("key", step.age, fetch)
		if err != nil || rows[0]["n"] != step.want {
			t.Errorf("step %d: %v, %v", i, rows, err)
		}
	}
	for want := 3; want <= 4; want++ {
		if _, err := cache.get("", time.Hour, fetch); err != nil || fetched != want {
			t.Error("an empty key was cached")
		}
	}
}

func TestAFailureIsNotShared(t *testing.T) {
	cache := NewCache()
	if _, err := cache.get("key", time.Hour, func() ([]measure.Row, error) { return nil, errors.New("no") }); err == nil {
		t.Fatal("no error")
	}
	rows, err := cache.get("key", time.Hour, func() ([]measure.Row, error) { return []measure.Row{{}}, nil })
	if err != nil || len(rows) != 1 {
		t.Error(rows, err)
	}
}
