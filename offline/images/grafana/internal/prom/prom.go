// Package prom answers dashboard queries from a Prometheus-compatible data source.
package prom

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pgai.example/standins/grafana/internal/frames"
	"pgai.example/standins/grafana/internal/provision"
	"pgai.example/standins/grafana/internal/timerange"
)

// Query is one Prometheus query of /api/ds/query.
type Query struct {
	RefID         string  `json:"refId"`
	Expr          string  `json:"expr"`
	Format        string  `json:"format"`
	Instant       bool    `json:"instant"`
	Range         bool    `json:"range"`
	LegendFormat  string  `json:"legendFormat"`
	Interval      string  `json:"interval"`
	IntervalMS    float64 `json:"intervalMs"`
	MaxDataPoints float64 `json:"maxDataPoints"`
}

type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

type series struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
	Values [][2]any          `json:"values"`
}

// The most one answer may hold, in bytes: a preview has little memory.
const maxAnswer = 48 << 20

// Run answers one query. Errors of the database come back inside the result.
func Run(ctx context.Context, client *http.Client, source provision.DataSource, query Query, span timerange.Range) frames.Result {
	step := Step(query, source, span)
	expr := Interpolate(query.Expr, query, source, span, step)
	if strings.TrimSpace(expr) == "" {
		return frames.Result{Status: http.StatusOK, Frames: []frames.Frame{}}
	}
	combined := frames.Result{Status: http.StatusOK, Frames: []frames.Frame{}}
	if query.Range || !query.Instant {
		start := span.From.Truncate(step)
		values := url.Values{"query": {expr}, "step": {seconds(step)}, "start": {unix(start)}, "end": {unix(span.To.Truncate(step))}}
		if failed := fetch(ctx, client, source, "/api/v1/query_range", values, query, expr, step, &combined); failed != nil {
			return *failed
		}
	}
	if query.Instant {
		values := url.Values{"query": {expr}, "time": {unix(span.To)}}
		if failed := fetch(ctx, client, source, "/api/v1/query", values, query, expr, step, &combined); failed != nil {
			return *failed
		}
	}
	return combined
}

func fetch(ctx context.Context, client *http.Client, source provision.DataSource, path string, values url.Values,
	query Query, expr string, step time.Duration, into *frames.Result) *frames.Result {
	fail := func(status int, message string) *frames.Result {
		result := frames.Failed(status, "downstream", message)
		return &result
	}
	// customQueryParameters, for example "latency_offset=1s", go with every request, as in Grafana.
	if custom, err := url.ParseQuery(source.JSONText("customQueryParameters")); err == nil && len(custom) > 0 {
		path += "?" + custom.Encode()
	}
	request, err := NewRequest(ctx, http.MethodPost, source, path, strings.NewReader(values.Encode()))
	if err != nil {
		return fail(http.StatusInternalServerError, err.Error())
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return fail(http.StatusInternalServerError, fmt.Sprintf("%s does not answer: %v", source.Name, err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fail(http.StatusInternalServerError, fmt.Sprintf("%s broke off its answer: %v", source.Name, err))
	}
	var parsed answer
	if err := json.Unmarshal(body, &parsed); err != nil {
		return fail(http.StatusInternalServerError, fmt.Sprintf("%s answered %s without valid JSON", source.Name, response.Status))
	}
	if parsed.Status != "success" {
		return fail(http.StatusBadRequest, parsed.Error)
	}
	made, err := toFrames(parsed, query, expr, step)
	if err != nil {
		return fail(http.StatusInternalServerError, err.Error())
	}
	into.Frames = append(into.Frames, made...)
	return nil
}

// NewRequest makes a request to the data source with the credentials that its settings hold.
func NewRequest(ctx context.Context, method string, source provision.DataSource, path string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, source.URL+path, body)
	if err != nil {
		return nil, fmt.Errorf("the address of %s is not valid: %w", source.Name, err)
	}
	if source.BasicAuth {
		request.SetBasicAuth(source.BasicAuthUser, source.Secure["basicAuthPassword"])
	}
	for key, value := range source.Secure {
		if number, found := strings.CutPrefix(key, "httpHeaderValue"); found {
			request.Header.Set(source.JSONText("httpHeaderName"+number), value)
		}
	}
	return request, nil
}

func toFrames(parsed answer, query Query, expr string, step time.Duration) ([]frames.Frame, error) {
	meta := map[string]any{
		"type": "timeseries-multi", "typeVersion": []int{0, 1}, "custom": map[string]any{"resultType": parsed.Data.ResultType},
		"executedQueryString": fmt.Sprintf("Expr: %s\nStep: %s", expr, step),
	}
	var list []series
	switch parsed.Data.ResultType {
	case "matrix", "vector":
		if err := json.Unmarshal(parsed.Data.Result, &list); err != nil {
			return nil, fmt.Errorf("the answer is not a Prometheus %s: %w", parsed.Data.ResultType, err)
		}
	case "scalar", "string":
		var single series
		if err := json.Unmarshal(parsed.Data.Result, &single.Value); err != nil {
			return nil, fmt.Errorf("the answer is not a Prometheus %s: %w", parsed.Data.ResultType, err)
		}
		list = []series{single}
	default:
		return nil, fmt.Errorf("the answer has the unknown type %q", parsed.Data.ResultType)
	}
	made := make([]frames.Frame, 0, len(list))
	for _, one := range list {
		made = append(made, one.frame(query, meta, step))
	}
	return made, nil
}

func (s series) frame(query Query, meta map[string]any, step time.Duration) frames.Frame {
	timeField, valueField := frames.TimeField("Time"), frames.NumberField("Value")
	timeField.Config = map[string]any{"interval": step.Milliseconds()}
	valueField.Labels = s.Metric
	if valueField.Labels == nil {
		valueField.Labels = map[string]string{}
	}
	name := Legend(query, s.Metric)
	if name != "" {
		valueField.Config = map[string]any{"displayNameFromDS": name}
	}
	builder := frames.NewBuilder(query.RefID, name, meta, []frames.Field{timeField, valueField})
	points := s.Values
	if points == nil {
		points = [][2]any{s.Value}
	}
	for _, point := range points {
		moment, _ := point[0].(float64)
		text, _ := point[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		builder.Append(int64(moment*1000+0.5), value)
	}
	return builder.Frame()
}

func unix(moment time.Time) string {
	return strconv.FormatFloat(float64(moment.UnixMilli())/1000, 'f', 3, 64)
}

func seconds(span time.Duration) string { return strconv.FormatFloat(span.Seconds(), 'f', -1, 64) }
