package app

import (
	"testing"
	"time"
)

func TestMaintenanceInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "12h": 12 * time.Hour, "12 hours": 12 * time.Hour, "1 day": 24 * time.Hour, "5 minutes": 5 * time.Minute, "90s": 90 * time.Second,
	} {
		if got, err := maintenanceInterval(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "soon", "-1h", "3 bananas"} {
		if _, err := maintenanceInterval(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
