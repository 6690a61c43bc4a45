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
	for interval, want := range map[time.Duration]time.Duration{
		time.Second: time.Minute, 30 * time.Second: 90 * time.Second, time.Hour: 10 * time.Minute,
	} {
		if got := servedFor(interval); got != want {
			t.Errorf("interval %s: served for %s", interval, got)
		}
	}
	s := newTestSink(t)
	row := []measure.Row{{"v": int64(1)}}
	s.Write(measure.Envelope{DBName: "d", Metric: "old", Time: time.Now().Add(-2 * time.Minute), Interval: 10 * time.Second, Rows: row})
	s.Write(measure.Envelope{DBName: "d", Metric: "rare", Time: time.Now().Add(-2 * time.Minute), Interval: time.Minute, Rows: row})
	if got := values(t, s); got["pgwatch_old_v"] != 0 || got["pgwatch_rare_v"] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestInstanceUpFollowsTheSourceAlsoWhenItIsAConfiguredMetric(t *testing.T) {
	s := newTestSink(t)
	s.State("d", true)
	if got := values(t, s)["pgwatch_instance_up"]; got != 1 {
		t.Errorf("up: %v", got)
	}
	s.Write(measure.Envelope{DBName: "d", Metric: measure.InstanceUp, Time: time.Now(), Interval: time.Minute, Rows: []measure.Row{{measure.InstanceUp: int64(1)}}})
	if got := values(t, s)["pgwatch_instance_up"]; got != 1 {
		t.Errorf("configured: %v", got)
	}
	s.State("d", false)
	if got, served := values(t, s)["pgwatch_instance_up"]; got != 0 || !served {
		t.Errorf("down: %v", got)
	}
}

func TestSinkURIs(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	for _, uri := range []string{"", "prometheus://", "nonsense", "rpc://host:1", "jsonfile:///tmp/x", "prometheus://127.0.0.1:0/a b", "postgresql://h:notaport/d"} {
		if _, err := New(uri, Options{}, logging.NewSecrets(), logger); err == nil {
			t.Errorf("%q was taken", uri)
		}
	}
	s, err := New("prometheus://127.0.0.1:0", Options{}, logging.NewSecrets(), logger)
	if err != nil {
		t.Fatal(err)
	}
	prom, ok := s.(*promSink)
	if !ok || prom.namespace != "pgwatch" {
		t.Error("the default namespace is not pgwatch")
	}
	_ = prom.listener.Close()
}

func TestTheQueueOfADatabaseThatIsAwayIsBounded(t *testing.T) {
	s, err := newPostgres("postgresql://u@127.0.0.1:1/d", Options{}, logging.NewSecrets(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	rows := make([]measure.Row, 1000)
	for i := range 60 {
		s.Write(measure.Envelope{Metric: "m", Time: time.Unix(int64(i), 0), Rows: rows})
	}
	batch, dropped := s.take()
	if len(batch) != 50 || dropped != 10_000 || batch[0].Time.Unix() != 10 {
		t.Errorf("%d results, %d rows dropped, oldest %v", len(batch), dropped, batch[0].Time)
	}
}
