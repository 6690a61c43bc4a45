package prom

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/timerange"
)

const defaultScrape = 15 * time.Second

// scrapeInterval is the data source's "timeInterval", the lower bound of every step.
func scrapeInterval(source provision.DataSource) time.Duration {
	interval, err := timerange.ParseDuration(source.JSONText("timeInterval"))
	if err != nil || interval <= 0 {
		return defaultScrape
	}
	return interval
}

// minStep is the query's own "interval", else the data source's.
func minStep(query Query, source provision.DataSource) time.Duration {
	interval := strings.TrimPrefix(query.Interval, ">")
	if interval != "" && !strings.HasPrefix(interval, "$") {
		if parsed, err := timerange.ParseDuration(interval); err == nil && parsed > 0 {
			return parsed
		}
	}
	return scrapeInterval(source)
}

// Step is the distance of two points: a nice value near range/maxDataPoints, never below the minimum, never above 11,000 points.
func Step(query Query, source provision.DataSource, span timerange.Range) time.Duration {
	points := query.MaxDataPoints
	if points <= 0 {
		points = 1000
	}
	wanted := timerange.Round(time.Duration(float64(span.Duration()) / points))
	step := max(wanted, minStep(query, source), time.Duration(query.IntervalMS*float64(time.Millisecond)))
	if safe := timerange.Round(span.Duration() / 11000); step < safe {
		step = safe
	}
	return max(step, time.Millisecond)
}

// Interpolate replaces the time variables that Grafana's backend knows.
func Interpolate(expr string, query Query, source provision.DataSource, span timerange.Range, step time.Duration) string {
	scrape := minStep(query, source)
	rate := max(step+scrape, 4*scrape)
	length := span.Duration()
	values := map[string]string{
		"__rate_interval_ms": strconv.FormatInt(rate.Milliseconds(), 10),
		"__rate_interval":    timerange.Format(rate),
		"__interval_ms":      strconv.FormatInt(step.Milliseconds(), 10),
		"__interval":         timerange.Format(step),
		"__range_ms":         strconv.FormatInt(length.Milliseconds(), 10),
		"__range_s":          strconv.FormatInt(int64(length.Seconds()), 10),
		"__range":            fmt.Sprintf("%ds", max(int64(length.Seconds()), 1)),
	}
	for _, name := range []string{"__rate_interval_ms", "__rate_interval", "__interval_ms", "__interval", "__range_ms", "__range_s", "__range"} {
		expr = strings.ReplaceAll(strings.ReplaceAll(expr, "${"+name+"}", values[name]), "$"+name, values[name])
	}
	return expr
}

var placeholder = regexp.MustCompile(`\{\{\s*([^}\s]+)\s*\}\}`)

// Legend is the name of a series: legendFormat with {{label}}, or the metric with its labels. "__auto" leaves the name
// of a labelled series to the page, which knows the other series.
func Legend(query Query, metric map[string]string) string {
	switch {
	case query.LegendFormat == "__auto":
		if len(metric) > 0 {
			return ""
		}
		return query.Expr
	case query.LegendFormat != "":
		return placeholder.ReplaceAllStringFunc(query.LegendFormat, func(match string) string {
			return metric[placeholder.FindStringSubmatch(match)[1]]
		})
	case len(metric) == 0:
		return query.Expr
	}
	keys := make([]string, 0, len(metric))
	for key := range metric {
		if key != "__name__" {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	labels := make([]string, 0, len(keys))
	for _, key := range keys {
		labels = append(labels, fmt.Sprintf("%s=%q", key, metric[key]))
	}
	if len(labels) == 0 {
		return metric["__name__"]
	}
	return metric["__name__"] + "{" + strings.Join(labels, ", ") + "}"
}
