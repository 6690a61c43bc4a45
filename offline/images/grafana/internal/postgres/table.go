package postgres

import (
	"errors"
	"sort"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"pgai.example/standins/grafana/internal/frames"
)

type table struct {
	fields []frames.Field
	oids   []uint32
	rows   [][]any
	cut    bool
}

func newTable(descriptions []pgconn.FieldDescription) *table {
	made := &table{}
	for _, description := range descriptions {
		made.fields = append(made.fields, field(description))
		made.oids = append(made.oids, description.DataTypeOID)
	}
	return made
}

func field(description pgconn.FieldDescription) frames.Field {
	switch description.DataTypeOID {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		if description.Name == "time" || description.Name == "time_sec" || description.Name == "timeend" {
			return frames.TimeField(description.Name) // an epoch, as in Grafana
		}
		return frames.NumberField(description.Name)
	case pgtype.BoolOID:
		return frames.BoolField(description.Name)
	case pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID:
		return frames.TimeField(description.Name)
	}
	return frames.StringField(description.Name)
}

func (t *table) add(raw [][]byte) {
	row := make([]any, len(raw))
	for column, content := range raw {
		if content != nil {
			row[column] = convert(t.fields[column].Type, t.oids[column], string(content))
		}
	}
	t.rows = append(t.rows, row)
}

var layouts = []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00", "2006-01-02 15:04:05.999999", "2006-01-02"}

func convert(kind string, oid uint32, text string) any {
	switch kind {
	case "number":
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		return number
	case "boolean":
		return text == "t"
	case "time":
		if oid != pgtype.TimestamptzOID && oid != pgtype.TimestampOID && oid != pgtype.DateOID {
			return epoch(text)
		}
		for _, layout := range layouts {
			if moment, err := time.Parse(layout, text); err == nil {
				return moment.UnixMilli()
			}
		}
		return nil
	}
	return text
}

// epoch turns seconds, milliseconds, microseconds or nanoseconds into milliseconds.
func epoch(text string) any {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	switch {
	case number > 1e17:
		number /= 1e6
	case number > 1e14:
		number /= 1e3
	case number < 1e11:
		number *= 1e3
	}
	return int64(number)
}

func (t *table) frame(refID string, meta map[string]any) frames.Frame {
	builder := frames.NewBuilder(refID, "", meta, t.fields)
	for _, row := range t.rows {
		builder.Append(row...)
	}
	return builder.Frame()
}

// series turns rows (time, text columns as labels, number columns) into one wide frame: a shared time column and one
// number column for each value column and label set.
func (t *table) series(refID string, meta map[string]any) ([]frames.Frame, error) {
	timeColumn := -1
	var labels, values []int
	for column, field := range t.fields {
		switch {
		case field.Type == "time" && timeColumn < 0:
			timeColumn = column
		case field.Type == "string":
			labels = append(labels, column)
		case field.Type == "number" || field.Type == "boolean":
			values = append(values, column)
		}
	}
	if len(t.rows) == 0 {
		return []frames.Frame{}, nil
	}
	if timeColumn < 0 {
		return nil, errors.New("db has no time column: no time column found")
	}
	if len(values) == 0 {
		return nil, errors.New("the query has no column with numbers")
	}
	return []frames.Frame{t.wide(refID, meta, timeColumn, labels, values)}, nil
}

func (t *table) wide(refID string, meta map[string]any, timeColumn int, labels, values []int) frames.Frame {
	fields := []frames.Field{frames.TimeField("Time")}
	columns := map[string]int{}
	points := map[int64]map[int]any{}
	for _, row := range t.rows {
		moment, ok := row[timeColumn].(int64)
		if !ok {
			continue
		}
		if points[moment] == nil {
			points[moment] = map[int]any{}
		}
		set, key := map[string]string{}, ""
		for _, column := range labels {
			text, _ := row[column].(string)
			set[t.fields[column].Name] = text
			key += "\x00" + text
		}
		for _, column := range values {
			seriesKey := strconv.Itoa(column) + key
			index, found := columns[seriesKey]
			if !found {
				index = len(fields)
				columns[seriesKey] = index
				fields = append(fields, t.named(column, set))
			}
			points[moment][index] = row[column]
		}
	}
	moments := make([]int64, 0, len(points))
	for moment := range points {
		moments = append(moments, moment)
	}
	sort.Slice(moments, func(i, j int) bool { return moments[i] < moments[j] })
	meta["type"] = "timeseries-wide"
	builder := frames.NewBuilder(refID, "", meta, fields)
	for _, moment := range moments {
		row := make([]any, len(fields))
		row[0] = moment
		for index, value := range points[moment] {
			row[index] = value
		}
		builder.Append(row...)
	}
	return builder.Frame()
}

// named is a value column with its labels. Grafana's old form (time, metric, one value) keeps its old naming: the metric's
// text is the series' name.
func (t *table) named(column int, labels map[string]string) frames.Field {
	field := t.fields[column]
	if name, isMetric := labels["metric"]; isMetric && len(t.fields) == 3 {
		field.Name = name
		return field
	}
	field.Labels = labels
	return field
}
