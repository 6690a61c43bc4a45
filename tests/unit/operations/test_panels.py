"""What is asked for a dashboard's panels, and how answers are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from operations.verify.browsing import panels_of
from operations.verify.interpolation import Variable, Variables, references
from operations.verify.panels import PanelState, Shown, shown
from operations.verify.sources import Sources, sources_of
from tests.equipment.fakes.grafana import FILLED, FakeGrafana
from tests.equipment.foreign import dashboards

PROMETHEUS = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
SINK = {"type": "postgres", "uid": "P031DD592934B2F1F"}
EACH = {
    "db": Variable(name="db", value=("one", "two"), quoted=True),
    "none": Variable(name="none", value=()),
    "ds": Variable(name="ds", value="P031DD592934B2F1F"),
}


@pytest.fixture
def grafana(tmp_path: Path) -> FakeGrafana:
    return FakeGrafana(tmp_path)


@pytest.fixture
def sources(grafana: FakeGrafana) -> Sources:
    return sources_of(grafana)


def asks(title: str = "asks", ref: str = "A", **more: Any) -> dict[str, Any]:
    return {"title": title, "id": 1, "targets": [{"refId": ref, "expr": "up"}], **more}


def opened(sources: Sources, *panels: dict[str, Any], variables: Variables = EACH) -> list[Shown]:
    return list(shown({"panels": list(panels)}, variables, sources))


def bodies(found: Sequence[Shown]) -> list[Any]:
    return [query.body for panel in found for query in panel.queries]


def test_a_query_is_asked_as_a_browser_asks_it(sources: Sources) -> None:
    panel = {
        "datasource": PROMETHEUS,
        "targets": [
            {"refId": "A", "expr": 'rate(x{db=~"$db"}[$__rate_interval])', "interval": "20"},
            {"refId": "B", "expr": "up", "hide": True},
        ],
    }
    assert bodies(opened(sources, panel)) == [
        {
            "refId": "A", "expr": 'rate(x{db=~"(one|two)"}[$__rate_interval])', "interval": "20",
            "datasource": PROMETHEUS, "intervalMs": 15000, "maxDataPoints": 500,
        }
    ]  # fmt: skip


def test_sql_gets_literals_and_its_intervals(sources: Sources) -> None:
    target = {"refId": "A", "rawSql": "SELECT '$__interval' WHERE db IN ($db)", "format": "table"}
    (body,) = bodies(opened(sources, {"datasource": SINK, "targets": [target], "interval": "2m"}))
    assert body["rawSql"] == "SELECT '2m' WHERE db IN ('one','two')"
    assert body["intervalMs"] == 120_000


@pytest.mark.parametrize(
    ("more", "step", "points"),
    [
        ({"maxDataPoints": 10}, 120_000, 10),
        ({"maxDataPoints": 10, "interval": "10m"}, 600_000, 10),
        ({"maxDataPoints": "many"}, 15_000, 500),
        ({"interval": "nonsense"}, 5_000, 500),
    ],
)
def test_a_panel_may_set_its_own_step(sources: Sources, more: dict[str, Any], step: int, points: int) -> None:
    (body,) = bodies(opened(sources, asks(**more)))
    assert (body["intervalMs"], body["maxDataPoints"]) == (step, points)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ("now-30m", "now")),
        ({"timeFrom": "2h"}, ("now-2h", "now")),
        ({"timeShift": "1d"}, ("now-30m-1d", "now-1d")),
        ({"timeFrom": "2h", "timeShift": "1d"}, ("now-2h-1d", "now-1d")),
        ({"timeFrom": "nonsense", "timeShift": 7}, ("now-30m", "now")),
    ],
)
def test_a_panel_may_have_its_own_range(sources: Sources, more: dict[str, Any], expected: tuple[str, str]) -> None:
    (panel,) = opened(sources, asks(**more))
    assert (panel.start, panel.end) == expected


@pytest.mark.parametrize(
    ("panel", "target", "uid"),
    [
        (PROMETHEUS, SINK, PROMETHEUS["uid"]),
        ({"uid": "-- Mixed --"}, SINK, SINK["uid"]),
        (None, SINK, SINK["uid"]),
        (None, None, PROMETHEUS["uid"]),
        ("PostgreSQL", None, SINK["uid"]),
        ({"uid": "$ds"}, None, SINK["uid"]),
        ("${ds}", None, SINK["uid"]),
        ({"type": "postgres"}, None, SINK["uid"]),
        ({"type": "grafana-postgresql-datasource", "uid": "default"}, None, SINK["uid"]),
        ({"uid": "gone"}, None, "gone"),
    ],
)
def test_the_data_source_is_the_one_that_grafana_would_ask(
    sources: Sources, panel: object, target: object, uid: str
) -> None:
    model = {"datasource": panel, "targets": [{"refId": "A", "expr": "up", "datasource": target}]}
    (body,) = bodies(opened(sources, model))
    assert body["datasource"]["uid"] == uid


def test_a_panel_may_show_what_another_one_asks(sources: Sources) -> None:
    other = {"title": "other", "datasource": "-- Dashboard --", "targets": [{"refId": "A", "panelId": 1}]}
    found = opened(sources, other, asks())
    assert [(panel.title, panel.queries[0].body["expr"]) for panel in found] == [("other", "up"), ("asks", "up")]
    assert opened(sources, {**other, "id": 1}) == []
    assert opened(sources, {**other, "targets": [{"refId": "A", "panelId": 7}]}) == []


def test_hidden_queries_are_asked_only_where_something_is_computed_with_them(sources: Sources) -> None:
    hidden = {"refId": "A", "expr": "up", "hide": True}
    computed = {"refId": "B", "datasource": {"type": "__expr__", "uid": "__expr__"}, "expression": "$A*2"}
    (panel,) = opened(sources, {"datasource": PROMETHEUS, "targets": [hidden, computed]})
    assert [(query.ref, query.hidden, query.source.uid) for query in panel.queries] == [
        ("A", True, PROMETHEUS["uid"]), ("B", False, "__expr__"),
    ]  # fmt: skip
    assert opened(sources, {"datasource": PROMETHEUS, "targets": [hidden]}) == []


def test_panels_in_collapsed_rows_are_asked_and_those_without_a_query_are_not(sources: Sources) -> None:
    found = opened(sources, {"type": "row", "panels": [asks("inside")]}, {"type": "text"}, asks("outside"))
    assert [panel.title for panel in found] == ["inside", "outside"]


def test_a_repeated_panel_is_asked_for_each_value(sources: Sources) -> None:
    target = {"refId": "A", "expr": 'x{db="$db"}'}
    found = opened(sources, {"title": "Of $db", "repeat": "db", "targets": [target]})
    assert [(panel.title, panel.queries[0].body["expr"]) for panel in found] == [
        ("Of one", 'x{db="one"}'), ("Of two", 'x{db="two"}'),
    ]  # fmt: skip
    assert [panel.title for panel in opened(sources, asks("Of $db", repeat="none"))] == ["Of {one,two}"]


@pytest.mark.parametrize("collapsed", [True, False])
def test_panels_of_a_repeated_row_are_asked_for_each_value(sources: Sources, collapsed: bool) -> None:
    row: dict[str, Any] = {"type": "row", "title": "Of $db", "repeat": "db"}
    inside = asks("$db")
    panels = [{**row, "panels": [inside]}] if collapsed else [row, inside]
    after = [{"type": "row", "title": "Next"}, asks("{all}: $db")]
    found = opened(sources, *panels, *after)
    assert [panel.title for panel in found] == ["one", "two", "{all}: {one,two}"]


@pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards())
def test_nothing_in_a_dashboard_is_left_to_a_browser(tmp_path: Path, dashboard: dict[str, Any]) -> None:
    grafana = FakeGrafana(tmp_path, dashboards={dashboard["uid"]: dashboard})
    panels_of(grafana)
    asked = [body for _, path, body in grafana.asked if path == "/api/ds/query"]
    # Grafana's server knows its macros and PromQL's intervals; a variable of the dashboard it does not.
    names = {model["name"] for model in dashboard.get("templating", {}).get("list", [])}
    assert not references(asked) & names


def results(grafana: FakeGrafana, answer: Any, *targets: dict[str, Any]) -> PanelState:
    grafana.answer = answer
    grafana.dashboards = {"x": {"title": "X", "panels": [asks(targets=list(targets), datasource="-- Mixed --")]}}
    (state,) = panels_of(grafana)
    return state


def test_a_panel_has_data_when_one_of_its_visible_queries_returned_a_row(grafana: FakeGrafana) -> None:
    first, second = ({"refId": ref, "expr": ref, "datasource": PROMETHEUS} for ref in "AB")
    computed = {"refId": "C", "datasource": {"uid": "__expr__"}}

    def only(ref: str) -> Any:
        return lambda query: {"frames": FILLED if query["refId"] == ref else [{"data": {"values": [[]]}}]}

    assert results(grafana, only("B"), first, second).has_data
    assert not results(grafana, only("D"), first, second).has_data
    assert not results(grafana, only("A"), {**first, "hide": True}, computed).has_data
    assert results(grafana, only("C"), {**first, "hide": True}, computed).has_data


def test_a_data_source_that_fails_hides_no_other(grafana: FakeGrafana) -> None:
    def answer(query: dict[str, Any]) -> Any:
        return {"frames": FILLED} if query["datasource"]["uid"] == PROMETHEUS["uid"] else {"error": "gone"}

    good = {"refId": "A", "expr": "up", "datasource": PROMETHEUS}
    assert results(grafana, answer, good, {"refId": "B", "rawSql": "SELECT 1", "datasource": SINK}).has_data
    assert results(grafana, answer, good, {"refId": "B", "datasource": {"type": "new", "uid": "gone"}}).has_data
