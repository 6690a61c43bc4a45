package sink

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"pgai.watch/offline/pgwatch/internal/measure"
)

// convert turns a result into samples; seen keeps series that an earlier row or metric has already given apart.
func (s *promSink) convert(envelope measure.Envelope, seen map[string]bool) []prometheus.Metric {
	var samples []prometheus.Metric
	for _, row := range envelope.Rows {
		names, values := s.labels(envelope, row)
		for column, value := range row {
			if column == measure.EpochColumn || strings.HasPrefix(column, measure.TagPrefix) || value == nil {
				continue
			}
			number, numeric := measure.Number(value)
			if !numeric {
				s.warnNotNumeric(envelope.Metric, column, value)
				continue
			}
			name := s.sampleName(envelope.Metric, column)
			if !validName.MatchString(name) {
				s.warnOnce("column left out: its name is not valid for Prometheus", "metric", envelope.Metric, "column", column)
				continue
			}
			series := name + "\xff" + strings.Join(names, "\xff") + "\xff" + strings.Join(values, "\xff")
			if seen[series] {
				s.warnOnce("row left out: its tags are those of another row; add a tag_ column", "metric", envelope.Metric)
				continue
			}
			seen[series] = true
			kind := prometheus.CounterValue
			if envelope.Metric == measure.InstanceUp || envelope.IsGauge != nil && envelope.IsGauge(column) {
				kind = prometheus.GaugeValue
			}
			sample, err := prometheus.NewConstMetric(prometheus.NewDesc(name, envelope.Metric, names, nil), kind, number, values...)
			if err != nil {
				s.warnOnce("column left out: "+err.Error(), "metric", envelope.Metric, "column", column)
				continue
			}
			samples = append(samples, prometheus.NewMetricWithTimestamp(envelope.Time, sample))
		}
	}
	return samples
}

// sampleName is <namespace>_<metric>_<column>, with the official exception for instance_up.
func (s *promSink) sampleName(metric, column string) string {
	name := metric + "_" + column
	if metric == measure.InstanceUp {
		name = measure.InstanceUp
	}
	if s.namespace == "" {
		return name
	}
	return s.namespace + "_" + name
}

// labels returns sorted label names and their values: the source's tags, dbname, then the row's own tags and its text.
func (s *promSink) labels(envelope measure.Envelope, row measure.Row) (names, values []string) {
	labels := make(map[string]string, len(envelope.Tags)+len(row))
	maps.Copy(labels, envelope.Tags)
	labels["dbname"] = envelope.DBName
	for column, value := range row {
		if tag, isTag := strings.CutPrefix(column, measure.TagPrefix); isTag {
			if text := measure.Label(value); text != "" {
				labels[tag] = strings.ToValidUTF8(text, "?")
			}
		} else if text, isText := value.(string); isText && text != "" {
			labels[column] = strings.ToValidUTF8(text, "?")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !validName.MatchString(name) {
			s.warnOnce("tag left out: its name is not valid for Prometheus", "metric", envelope.Metric, "tag", name)
			continue
		}
		names = append(names, name)
		values = append(values, labels[name])
	}
	return names, values
}

// warnNotNumeric explains a column that does not reach Prometheus. Text does, as a label.
func (s *promSink) warnNotNumeric(metric, column string, value any) {
	if _, isText := value.(string); isText {
		return
	}
	s.warnOnce("column left out: pgwatch does not export this type to Prometheus, cast it to int8 or float8",
		"metric", metric, "column", column, "type", fmt.Sprintf("%T", value))
}
