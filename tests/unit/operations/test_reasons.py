"""The reason of an empty panel, and which panels a preview is expected to fill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.verify.browsing import panels_of
from operations.verify.panels import PanelState
from operations.verify.reasons import metrics_in
from tests.equipment.fakes.grafana import FakeGrafana

PROMETHEUS = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
SINK = {"type": "postgres", "uid": "P031DD592934B2F1F"}


@pytest.fixture
def grafana(tmp_path: Path) -> FakeGrafana:
    return FakeGrafana(tmp_path, series=[{"__name__": "up", "job": "a"}], answer=lambda query: {"frames": []})


def state(grafana: FakeGrafana, source: Any = PROMETHEUS, *models: dict[str, Any], **target: Any) -> PanelState:
    panel = {"title": "P", "datasource": source, "targets": [{"refId": "A", **target}]}
    grafana.dashboards = {"d": {"panels": [panel], "templating": {"list": list(models)}}}
    (found,) = panels_of(grafana)
    assert not found.has_data
    return found


@pytest.mark.parametrize(
    ("expression", "reason", "counted"),
    [
        ("up", "no rows in the last 30 min", True),
        ("rate(gone[1m])", "metric gone does not exist", True),
        ("up / gone / gone_too", "metrics gone, gone_too do not exist", True),
        ("a + b + c + d + e", "metrics a, b, c and 2 more do not exist", True),
        ('{__name__="gone"}', "metric gone does not exist", True),
        ("container_cpu{job='x'}", "metric container_cpu does not exist", False),
        ("node_a - node_b", "metrics node_a, node_b do not exist", False),
        ("pgwatch_archive_lag_failed_count", "metric pgwatch_archive_lag_failed_count does not exist", False),
        ("node_a + up", "metric node_a does not exist", True),
        ("vector(0)", "no rows in the last 30 min", True),
    ],
)
def test_metrics_that_there_are_not_are_named(
    grafana: FakeGrafana, expression: str, reason: str, counted: bool
) -> None:
    found = state(grafana, expr=expression)
    assert (found.reason, found.counted) == (reason, counted)


def test_a_metric_that_another_program_left_counts(grafana: FakeGrafana) -> None:
    grafana.series = [{"__name__": "node_a"}]
    assert state(grafana, expr="node_a").counted


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "query", "query": query, **more}


def test_the_variable_that_has_no_values_is_named(grafana: FakeGrafana) -> None:
    models = [variable("job", "label_values(up, job)"), variable("node_name", 'label_values(gone{j="$job"}, n)')]
    found = state(grafana, PROMETHEUS, *models, expr='up{job="$job", node="$node_name"}')
    assert found.reason == "variable node_name has no values"
    assert found.counted
    assert state(grafana, PROMETHEUS, *models, expr='up{job="$job"}').reason == "no rows in the last 30 min"


def test_a_panel_that_waits_for_what_its_reader_types_does_not_count(grafana: FakeGrafana) -> None:
    box = {"name": "query_id", "type": "textbox", "query": ""}
    found = state(grafana, PROMETHEUS, box, expr='up{id="$query_id"}')
    assert (found.reason, found.counted) == ("variable query_id is empty", False)
    assert state(grafana, PROMETHEUS, {**box, "query": "7"}, expr='up{id="$query_id"}').counted


def test_a_query_that_failed_says_why(grafana: FakeGrafana) -> None:
    grafana.answer = lambda query: {"error": 'db query error: relation "x" does not exist.\nmore', "frames": []}
    found = state(grafana, SINK, rawSql="SELECT * FROM x")
    assert found.reason == 'the query failed: db query error: relation "x" does not exist'
    assert found.counted


@pytest.mark.parametrize("listed", [True, False])
def test_a_plugin_that_is_missing_is_named(grafana: FakeGrafana, listed: bool) -> None:
    source = {"uid": "i", "name": "Infinity", "type": "yesoreyeram-infinity-datasource"}
    grafana.sources += [source] if listed else []
    grafana.answer = lambda query: {"error": "plugin unavailable"}
    found = state(grafana, {"type": "yesoreyeram-infinity-datasource", "uid": "i"}, url="x")
    assert (found.reason, found.counted) == ("needs plugin yesoreyeram-infinity-datasource", False)


def test_a_data_source_that_there_is_not_is_named(grafana: FakeGrafana) -> None:
    found = state(grafana, {"uid": "gone"}, expr="up")
    assert (found.reason, found.counted) == ("data source 'gone' does not exist", True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((502, b"<html>"), "the query failed: HTTP 502"),
        ((404, {"message": "Data source not found"}), "the query failed: Data source not found"),
        ((200, b"<html>"), "the query failed: the answer is no JSON"),
        ((200, None), "the query failed: the answer is no JSON"),
        ((200, {"results": {"A": {"frames": [{"data": {"values": None}}, 7, None]}}}), "no rows in the last 30 min"),
    ],
)
def test_an_answer_that_is_none_is_a_reason(grafana: FakeGrafana, answer: tuple[int, Any], reason: str) -> None:
    grafana.odd["/api/ds/query"] = answer
    assert state(grafana, expr="up").reason == reason


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", ["up"]),
        ('sum by (a, b) (rate(x_total{c="d", e=~"f"}[$__rate_interval])) > 0', ["x_total"]),
        ("topk(10, x) * on(q) group_left(name) last_over_time(y{z='w'}[1d])", ["x", "y"]),
        ("x offset 5m and on () y or vector(1) unless bool", ["x", "y"]),
        ("label_replace(x, 'a', '$1', 'b', 'c') # y", ["x"]),
        ("max_over_time(sum(x)[5m:1m])", ["x"]),
        ("a:b:c + 1e3", ["a:b:c"]),
        ("{__name__=~'x.*'}", []),
        ("rate({__name__='x', job=\"y\"}[1m])", ["x"]),
        ("count without(instance) (x)", ["x"]),
        ("1 + 2", []),
        ("", []),
    ],
)
def test_the_metrics_of_an_expression_are_found(expression: str, names: list[str]) -> None:
    assert metrics_in(expression) == names
