package timerange

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, test := range []struct {
		from, to string
		wanted   time.Duration
	}{
		{"now-1h", "now", time.Hour},
		{"now-7d", "now-1d", 6 * 24 * time.Hour},
		{"1699999000000", "1700000000000", 1000 * time.Second},
		{"2023-11-14T22:00:00Z", "2023-11-14T22:13:20Z", 800 * time.Second},
	} {
		span, err := Parse(test.from, test.to, now)
		if err != nil || span.Duration() != test.wanted {
			t.Errorf("%s to %s: got %s, %v", test.from, test.to, span.Duration(), err)
		}
	}
	for _, bad := range [][2]string{{"yesterday", "now"}, {"now", "now-1h"}, {"", ""}} {
		if _, err := Parse(bad[0], bad[1], now); err == nil {
			t.Errorf("%v is no error", bad)
		}
	}
}
