package prom

import (
	"testing"
	"time"

	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/timerange"
)

func span(length time.Duration) timerange.Range {
	end := time.Unix(1700000000, 0)
	return timerange.Range{From: end.Add(-length), To: end}
}

func TestStep(t *testing.T) {
	source := provision.DataSource{JSONData: map[string]any{"timeInterval": "10s"}}
	for name, test := range map[string]struct {
		query  Query
		length time.Duration
		wanted time.Duration
	}{
		"the scrape interval is the least":     {Query{MaxDataPoints: 1000}, time.Hour, 10 * time.Second},
		"a long range needs a longer step":     {Query{MaxDataPoints: 500}, 24 * time.Hour, 2 * time.Minute},
		"the query's own minimum wins":         {Query{MaxDataPoints: 1000, Interval: "30s"}, time.Hour, 30 * time.Second},
		"the page's interval is a lower bound": {Query{MaxDataPoints: 1000, IntervalMS: 60000}, time.Hour, time.Minute},
		"never more than 11,000 points":        {Query{MaxDataPoints: 1e6}, 60 * 24 * time.Hour, 10 * time.Minute},
	} {
		if got := Step(test.query, source, span(test.length)); got != test.wanted {
			t.Errorf("%s: got %s, wanted %s", name, got, test.wanted)
		}
	}
}

func TestInterpolate(t *testing.T) {
	source := provision.DataSource{JSONData: map[string]any{"timeInterval": "10s"}}
	got := Interpolate("a[$__rate_interval] b[${__interval}] c[$__range] $__interval_ms $__range_s", Query{}, source, span(time.Hour), 30*time.Second)
	if wanted := "a[40s] b[30s] c[3600s] 30000 3600"; got != wanted {
		t.Errorf("got %s, wanted %s", got, wanted)
	}
}

func TestLegend(t *testing.T) {
	metric := map[string]string{"__name__": "up", "job": "x", "a": "1"}
	for format, wanted := range map[string]string{"": `up{a="1", job="x"}`, "{{job}} - {{ a }}": "x - 1", "__auto": "", "{{none}}": "", "plain": "plain"} {
		if got := Legend(Query{LegendFormat: format, Expr: "up"}, metric); got != wanted {
			t.Errorf("%q: got %q, wanted %q", format, got, wanted)
		}
	}
	if got := Legend(Query{Expr: "sum(up)"}, nil); got != "sum(up)" {
		t.Errorf("a series without labels is called %q", got)
	}
}
