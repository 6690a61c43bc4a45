package postgres

import (
	"strings"
	"testing"
	"time"

	"pgai.example/standins/grafana/internal/timerange"
)

var hour = timerange.Range{From: time.Unix(1700000000, 0).UTC(), To: time.Unix(1700003600, 0).UTC()}

func TestExpand(t *testing.T) {
	for sql, wanted := range map[string]string{
		"$__timeFilter(t.time)":               "t.time BETWEEN '2023-11-14T22:13:20Z' AND '2023-11-14T23:13:20Z'",
		"$__timeFrom() - $__timeTo()":         "'2023-11-14T22:13:20Z' - '2023-11-14T23:13:20Z'",
		"$__timeGroup(time, '5m')":            "floor((extract(epoch from time))/300)*300",
		"$__timeGroupAlias(time,$__interval)": `floor((extract(epoch from time))/15)*15 AS "time"`,
		"$__timeGroup(time, 1m, 0)":           "floor((extract(epoch from time))/60)*60",
		"$__unixEpochFilter(e)":               "e >= 1700000000 AND e <= 1700003600",
		"$__unixEpochGroupAlias(e, 1h)":       `floor((e)/3600)*3600 AS "time"`,
		"$__time(x)":                          `x AS "time"`,
		"$__interval_ms, ${__interval}":       "15000, 15s",
		"'$1' || $$quoted$$":                  "'$1' || $$quoted$$",
	} {
		got, err := Expand(sql, hour, 15*time.Second)
		if err != nil || got != wanted {
			t.Errorf("%s:\n got %s, %v\nwant %s", sql, got, err, wanted)
		}
	}
}

func TestExpandSaysWhatIsWrong(t *testing.T) {
	for sql, wanted := range map[string]string{
		"$__nonsense(x)":             "unknown macro",
		"$__timeGroup(time)":         "interval",
		"$__timeGroup(time, 'soon')": "error parsing interval",
		"$__timeFilter()":            "missing time column",
	} {
		if _, err := Expand(sql, hour, time.Second); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: got %v", sql, err)
		}
	}
}
