// Package measure holds the measurements on their way from a source to the sinks.
package measure

import (
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Names with a meaning in a metric's SQL.
const (
	EpochColumn = "epoch_ns" // time of the measurement, nanoseconds since 1970
	TagPrefix   = "tag_"     // columns that become labels
	InstanceUp  = "instance_up"
)

// Row is one row of a metric's result, by column name.
type Row map[string]any

// Envelope is one result of one metric of one source. Sinks must not change it: all of them get the same one.
type Envelope struct {
	DBName  string
	Metric  string // the name it is stored under
	Tags    map[string]string
	Rows    []Row
	Time    time.Time
	IsGauge func(column string) bool
}

// TimeOf returns the time that a result's first row gives, or now.
func TimeOf(rows []Row, now time.Time) time.Time {
	if len(rows) > 0 {
		if epoch, ok := rows[0][EpochColumn].(int64); ok && epoch > 0 {
			return time.Unix(0, epoch)
		}
	}
	return now
}

// Plain turns a value as pgx scans it into one that JSON can hold; NULL and what JSON has no word for become nil.
func Plain(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case float32:
		return Plain(float64(v))
	case pgtype.Numeric:
		if v.NaN || v.InfinityModifier != pgtype.Finite {
			return nil
		}
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[0:4], v[4:6], v[6:8], v[8:10], v[10:16])
	case []byte:
		return fmt.Sprintf(`\x%x`, v)
	}
	return value
}

// Label renders a value as a label's text.
func Label(value any) string {
	switch v := Plain(value).(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case pgtype.Numeric:
		if text, err := v.MarshalJSON(); err == nil {
			return string(text)
		}
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// Number returns a column's value for Prometheus. The types are the official program's: integers of 4 and 8 bytes,
// floats and booleans; smallint and numeric are not among them.
func Number(value any) (number float64, ok bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case int32:
		return float64(v), true
	case int64:
		return float64(v), true
	case float32:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
