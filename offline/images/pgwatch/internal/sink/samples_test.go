package sink

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"pgai.watch/offline/pgwatch/internal/logging"
	"pgai.watch/offline/pgwatch/internal/measure"
)

func newTestSink(t *testing.T) *promSink {
	t.Helper()
	s, err := newPrometheus("127.0.0.1:0/pgwatch", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	return s
}

// values returns the sum of the samples by metric name.
func values(t *testing.T, s *promSink) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			found[family.GetName()] += number(metric)
		}
	}
	return found
}

func number(metric *dto.Metric) float64 {
	return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
}

func TestSamplesThatPrometheusWouldRefuseAreLeftOut(t *testing.T) {
	s := newTestSink(t)
	s.Write(measure.Envelope{DBName: "d", Metric: "m", Time: time.Now(), Tags: map[string]string{"bad-tag": "x", "": "y"}, Rows: []measure.Row{
		{"good": int64(1), "bad column": int64(2), "tag_t": "1"},
		{"good": int64(4), "tag_t": "1"},
		{"good": int64(8), "tag_t": "2\xff"},
	}})
	got := values(t, s)
	if got["pgwatch_m_good"] != 9 || len(got) != 2 { // the other one counts scrapes
		t.Errorf("got %v", got)
	}
}

func TestOldMeasurementsAreNotServed(t *testing.T) {
	s := newTestSink(t)
	row := []measure.Row{{"v": int64(1)}}
	s.Write(measure.Envelope{DBName: "d", Metric: "old", Time: time.Now().Add(-11 * time.Minute), Rows: row})
	s.Write(measure.Envelope{DBName: "d", Metric: "young", Time: time.Now().Add(-9 * time.Minute), Rows: row})
	if got := values(t, s); got["pgwatch_old_v"] != 0 || got["pgwatch_young_v"] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestAMeasurementIsServedOnce(t *testing.T) {
	s := newTestSink(t)
	s.Write(measure.Envelope{DBName: "d", Metric: "m", Time: time.Now(), Rows: []measure.Row{{"v": int64(1)}}})
	if got := values(t, s)["pgwatch_m_v"]; got != 1 {
		t.Errorf("first scrape: %v", got)
	}
	if _, served := values(t, s)["pgwatch_m_v"]; served {
		t.Error("it was served again")
	}
}

func TestSinkURIs(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	for _, uri := range []string{"", "prometheus://", "nonsense", "rpc://host:1", "jsonfile:///tmp/x", "prometheus://127.0.0.1:0/a b", "postgresql://h:notaport/d"} {
		if _, err := New(t.Context(), uri, Options{}, logging.NewSecrets(), logger); err == nil {
			t.Errorf("%q was taken", uri)
		}
	}
	s, err := New(t.Context(), "prometheus://127.0.0.1:0", Options{}, logging.NewSecrets(), logger)
	if err != nil {
		t.Fatal(err)
	}
	prom, ok := s.(*promSink)
	if !ok || prom.namespace != "pgwatch" {
		t.Error("the default namespace is not pgwatch")
	}
	_ = prom.listener.Close()
}
