// Package postgres answers dashboard queries from a PostgreSQL data source.
package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pgai.example/standins/grafana/internal/timerange"
)

// As in Grafana an argument list ends at the first ")": nested calls are not understood there either.
var macro = regexp.MustCompile(`\$(__[A-Za-z]+)\(([^)]*)\)`)

// Expand replaces Grafana's SQL macros and interval variables.
func Expand(sql string, span timerange.Range, interval time.Duration) (string, error) {
	for _, pair := range [][2]string{
		{"$__interval_ms", strconv.FormatInt(interval.Milliseconds(), 10)}, {"${__interval_ms}", strconv.FormatInt(interval.Milliseconds(), 10)},
		{"$__interval", timerange.Format(interval)}, {"${__interval}", timerange.Format(interval)},
	} {
		sql = strings.ReplaceAll(sql, pair[0], pair[1])
	}
	var failure error
	expanded := macro.ReplaceAllStringFunc(sql, func(match string) string {
		parts := macro.FindStringSubmatch(match)
		arguments := strings.Split(parts[2], ",")
		for index := range arguments {
			arguments[index] = strings.TrimSpace(arguments[index])
		}
		text, err := call(parts[1], arguments, span)
		if err != nil {
			failure = err
		}
		return text
	})
	return expanded, failure
}

func call(name string, arguments []string, span timerange.Range) (string, error) {
	column := arguments[0]
	needColumn := func(format string, values ...any) (string, error) {
		if column == "" {
			return "", fmt.Errorf("missing time column argument for macro %s", name)
		}
		return fmt.Sprintf(format, values...), nil
	}
	switch name {
	case "__time":
		return needColumn(`%s AS "time"`, column)
	case "__timeEpoch":
		return needColumn(`extract(epoch from %s) as "time"`, column)
	case "__timeFilter":
		return needColumn("%s BETWEEN %s AND %s", column, stamp(span.From), stamp(span.To))
	case "__timeFrom":
		return stamp(span.From), nil
	case "__timeTo":
		return stamp(span.To), nil
	case "__unixEpochFilter":
		return needColumn("%s >= %d AND %s <= %d", column, span.From.Unix(), column, span.To.Unix())
	case "__unixEpochNanoFilter":
		return needColumn("%s >= %d AND %s <= %d", column, span.From.UnixNano(), column, span.To.UnixNano())
	case "__unixEpochFrom":
		return strconv.FormatInt(span.From.Unix(), 10), nil
	case "__unixEpochTo":
		return strconv.FormatInt(span.To.Unix(), 10), nil
	case "__unixEpochNanoFrom":
		return strconv.FormatInt(span.From.UnixNano(), 10), nil
	case "__unixEpochNanoTo":
		return strconv.FormatInt(span.To.UnixNano(), 10), nil
	case "__timeGroup", "__timeGroupAlias", "__unixEpochGroup", "__unixEpochGroupAlias":
		return group(name, arguments)
	}
	return "", fmt.Errorf("unknown macro %q", name)
}

// group buckets a column; the optional fill argument is accepted and gaps stay gaps.
func group(name string, arguments []string) (string, error) {
	if len(arguments) < 2 {
		return "", fmt.Errorf("macro %s needs time column and interval and optional fill value", name)
	}
	interval, err := timerange.ParseDuration(strings.Trim(arguments[1], `'"`))
	if err != nil || interval <= 0 {
		return "", fmt.Errorf("error parsing interval %s", arguments[1])
	}
	seconds := strconv.FormatFloat(interval.Seconds(), 'f', -1, 64)
	source := arguments[0]
	if strings.HasPrefix(name, "__time") {
		source = fmt.Sprintf("extract(epoch from %s)", source)
	}
	expression := fmt.Sprintf("floor((%s)/%s)*%s", source, seconds, seconds)
	if strings.HasSuffix(name, "Alias") {
		expression += ` AS "time"`
	}
	return expression, nil
}

func stamp(moment time.Time) string {
	return "'" + moment.UTC().Format("2006-01-02T15:04:05.999Z") + "'"
}
