// Package timerange understands the "from" and "to" of a query: milliseconds, RFC 3339, or "now-6h".
package timerange

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Range is the time span of a query.
type Range struct {
	From time.Time
	To   time.Time
}

// Duration is never negative.
func (r Range) Duration() time.Duration { return max(r.To.Sub(r.From), 0) }

// Parse reads both ends.
func Parse(from, to string, now time.Time) (Range, error) {
	start, err := parseMoment(from, now)
	if err != nil {
		return Range{}, err
	}
	end, err := parseMoment(to, now)
	if err != nil {
		return Range{}, err
	}
	if end.Before(start) {
		return Range{}, fmt.Errorf("the time range ends (%s) before it begins (%s)", to, from)
	}
	return Range{From: start, To: end}, nil
}

var (
	relative = regexp.MustCompile(`^now(?:([+-])(\d+)([smhdwMy]))?(?:/[smhdwMy])?$`)
	duration = regexp.MustCompile(`^(\d+(?:\.\d+)?)(ms|s|m|h|d|w|M|y)?$`)
	units    = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
		"w": 7 * 24 * time.Hour, "M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour, "": time.Second,
	}
)

func parseMoment(text string, now time.Time) (time.Time, error) {
	if millis, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(millis).UTC(), nil
	}
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return moment.UTC(), nil
	}
	parts := relative.FindStringSubmatch(text)
	if parts == nil {
		return time.Time{}, fmt.Errorf("the time %q is not understood; use milliseconds, RFC 3339 or now-1h", text)
	}
	if parts[1] == "" {
		return now.UTC(), nil
	}
	offset, err := ParseDuration(parts[2] + parts[3])
	if err != nil {
		return time.Time{}, err
	}
	if parts[1] == "-" {
		offset = -offset
	}
	return now.Add(offset).UTC(), nil
}

// ParseDuration reads Grafana's intervals: 15s, 5m, 1d, 1w, 500ms; a bare number is seconds.
func ParseDuration(text string) (time.Duration, error) {
	parts := duration.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("the interval %q is not understood; use for example 15s, 5m or 1h", text)
	}
	count, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, fmt.Errorf("the interval %q is not understood: %w", text, err)
	}
	return time.Duration(count * float64(units[parts[2]])), nil
}

// Format writes a duration the short way that PromQL accepts.
func Format(span time.Duration) string {
	switch {
	case span >= time.Hour && span%time.Hour == 0:
		return fmt.Sprintf("%dh", span/time.Hour)
	case span >= time.Minute && span%time.Minute == 0:
		return fmt.Sprintf("%dm", span/time.Minute)
	case span >= time.Second && span%time.Second == 0:
		return fmt.Sprintf("%ds", span/time.Second)
	}
	return fmt.Sprintf("%dms", span.Milliseconds())
}

// Nice steps, each used up to the bound that Grafana uses.
var niceSteps = []struct{ below, step time.Duration }{
	{15 * time.Millisecond, 10 * time.Millisecond}, {35 * time.Millisecond, 20 * time.Millisecond},
	{75 * time.Millisecond, 50 * time.Millisecond}, {150 * time.Millisecond, 100 * time.Millisecond},
	{350 * time.Millisecond, 200 * time.Millisecond}, {750 * time.Millisecond, 500 * time.Millisecond},
	{1500 * time.Millisecond, time.Second}, {3500 * time.Millisecond, 2 * time.Second},
	{7500 * time.Millisecond, 5 * time.Second}, {12500 * time.Millisecond, 10 * time.Second},
	{17500 * time.Millisecond, 15 * time.Second}, {25 * time.Second, 20 * time.Second},
	{45 * time.Second, 30 * time.Second}, {90 * time.Second, time.Minute}, {210 * time.Second, 2 * time.Minute},
	{450 * time.Second, 5 * time.Minute}, {750 * time.Second, 10 * time.Minute}, {1050 * time.Second, 15 * time.Minute},
	{25 * time.Minute, 20 * time.Minute}, {45 * time.Minute, 30 * time.Minute}, {90 * time.Minute, time.Hour},
	{150 * time.Minute, 2 * time.Hour}, {270 * time.Minute, 3 * time.Hour}, {9 * time.Hour, 6 * time.Hour},
	{24 * time.Hour, 12 * time.Hour}, {7 * 24 * time.Hour, 24 * time.Hour},
}

// Round brings an interval to the next nice step.
func Round(span time.Duration) time.Duration {
	for _, nice := range niceSteps {
		if span < nice.below {
			return nice.step
		}
	}
	return 7 * 24 * time.Hour
}
