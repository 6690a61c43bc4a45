package collect

import (
	"errors"
	"testing"
	"time"

	"pgai.watch/offline/pgwatch/internal/measure"
)

func TestAResultIsSharedBetweenSourcesButNeverWithItsOwn(t *testing.T) {
	cache := NewCache()
	fetched := 0
	fetch := func() ([]measure.Row, error) { fetched++; return []measure.Row{{"n": fetched}}, nil }
	for i, step := range []struct {
		asker string
		age   time.Duration
		want  int
	}{{"a", time.Hour, 1}, {"b", time.Hour, 1}, {"a", time.Hour, 2}, {"b", 0, 3}} {
		rows, err := cache.get("key", step.asker, step.age, fetch)
		if err != nil || rows[0]["n"] != step.want {
			t.Errorf("step %d: %v, %v", i, rows, err)
		}
	}
	if _, err := cache.get("", "b", time.Hour, fetch); err != nil || fetched != 4 {
		t.Error("an empty key was cached")
	}
}

func TestAFailureIsNotShared(t *testing.T) {
	cache := NewCache()
	if _, err := cache.get("key", "a", time.Hour, func() ([]measure.Row, error) { return nil, errors.New("no") }); err == nil {
		t.Fatal("no error")
	}
	rows, err := cache.get("key", "b", time.Hour, func() ([]measure.Row, error) { return []measure.Row{{}}, nil })
	if err != nil || len(rows) != 1 {
		t.Error(rows, err)
	}
}
