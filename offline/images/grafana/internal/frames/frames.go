// Package frames is the JSON form of Grafana's data frames, as /api/ds/query answers them.
package frames

import (
	"math"
)

// Frame is one table or series.
type Frame struct {
	Schema Schema `json:"schema"`
	Data   Data   `json:"data"`
}

// Schema describes the columns.
type Schema struct {
	RefID  string         `json:"refId"`
	Name   string         `json:"name,omitempty"`
	Meta   map[string]any `json:"meta,omitempty"`
	Fields []Field        `json:"fields"`
}

// Field is one column's description.
type Field struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	TypeInfo TypeInfo          `json:"typeInfo"`
	Labels   map[string]string `json:"labels,omitempty"`
	Config   map[string]any    `json:"config,omitempty"`
}

// TypeInfo is the Go type that Grafana's backend used.
type TypeInfo struct {
	Frame    string `json:"frame"`
	Nullable bool   `json:"nullable,omitempty"`
}

// Data holds one slice a column; times are milliseconds since 1970.
type Data struct {
	Values   [][]any            `json:"values"`
	Entities []map[string][]int `json:"entities,omitempty"`
}

// Result is one query's answer.
type Result struct {
	Status      int     `json:"status"`
	Frames      []Frame `json:"frames"`
	Error       string  `json:"error,omitempty"`
	ErrorSource string  `json:"errorSource,omitempty"`
}

// Failed is a query's answer in Grafana's form of an error.
func Failed(status int, source, message string) Result {
	return Result{Status: status, Frames: []Frame{}, Error: message, ErrorSource: source}
}

// Builder collects rows column by column.
type Builder struct {
	frame Frame
}

// NewBuilder starts a frame.
func NewBuilder(refID, name string, meta map[string]any, fields []Field) *Builder {
	frame := Frame{Schema: Schema{RefID: refID, Name: name, Meta: meta, Fields: fields}}
	frame.Data.Values = make([][]any, len(fields))
	for index := range frame.Data.Values {
		frame.Data.Values[index] = []any{}
	}
	return &Builder{frame: frame}
}

// Append adds one row. JSON has no NaN or infinity: they become null and are noted in "entities", as Grafana does.
func (b *Builder) Append(row ...any) {
	for column, value := range row {
		if number, ok := value.(float64); ok {
			if kind := notFinite(number); kind != "" {
				b.note(column, kind, len(b.frame.Data.Values[column]))
				value = nil
			}
		}
		b.frame.Data.Values[column] = append(b.frame.Data.Values[column], value)
	}
}

// Frame is what was collected.
func (b *Builder) Frame() Frame { return b.frame }

func notFinite(number float64) string {
	switch {
	case math.IsNaN(number):
		return "NaN"
	case math.IsInf(number, 1):
		return "Inf"
	case math.IsInf(number, -1):
		return "NegInf"
	}
	return ""
}

func (b *Builder) note(column int, kind string, row int) {
	if b.frame.Data.Entities == nil {
		b.frame.Data.Entities = make([]map[string][]int, len(b.frame.Schema.Fields))
	}
	if b.frame.Data.Entities[column] == nil {
		b.frame.Data.Entities[column] = map[string][]int{}
	}
	b.frame.Data.Entities[column][kind] = append(b.frame.Data.Entities[column][kind], row)
}

// TimeField and the other constructors name the types as Grafana does.
func TimeField(name string) Field {
	return Field{Name: name, Type: "time", TypeInfo: TypeInfo{Frame: "time.Time", Nullable: true}}
}

// NumberField is a float64 column.
func NumberField(name string) Field {
	return Field{Name: name, Type: "number", TypeInfo: TypeInfo{Frame: "float64", Nullable: true}}
}

// StringField is a text column.
func StringField(name string) Field {
	return Field{Name: name, Type: "string", TypeInfo: TypeInfo{Frame: "string", Nullable: true}}
}

// BoolField is a boolean column.
func BoolField(name string) Field {
	return Field{Name: name, Type: "boolean", TypeInfo: TypeInfo{Frame: "bool", Nullable: true}}
}
