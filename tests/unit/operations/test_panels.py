"""What is asked for a dashboard's panels, and how answers are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations.verify.panels import interpolate, queries_of, state_of, variables_of, with_queries

DASHBOARDS = Path(__file__).resolve().parents[3] / "config/grafana/dashboards"
SOURCE = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}


def variable(value: object, **more: object) -> dict[str, Any]:
    return {"templating": {"list": [{"name": "db", "current": {"value": value}, **more}]}}


@pytest.mark.parametrize(
    ("dashboard", "text", "expected"),
    [
        (variable("one"), 'up{db="$db"}', 'up{db="one"}'),
        (variable("one"), "${db}_${db:regex}", "one_one"),
        (variable(["one", "two"]), 'up{db=~"$db"}', 'up{db=~"(one|two)"}'),
        (variable(["one", "two"]), "db ~ '${db:regex}'", "db ~ '(one|two)'"),
        (variable(["one", "it's"]), "db IN (${db:sqlstring})", "db IN ('one','it''s')"),
        (variable(["one", "two"]), "${db:csv} ${db:pipe}", "one,two one|two"),
        (variable(["one"]), "$db", "one"),
        (variable("$__all"), "$db", ".*"),
        (variable(["$__all"], allValue="one|two"), "$db", "one|two"),
        (variable(None), "$db", ".*"),
        (variable("one"), "rate(x[$__rate_interval]) by ($dbs) $__timeFilter(time)",
         "rate(x[1m]) by ($dbs) $__timeFilter(time)"),
    ],
)  # fmt: skip
def test_variables_stand_for_what_is_chosen_else_for_everything(
    dashboard: dict[str, Any], text: str, expected: str
) -> None:
    assert interpolate(text, variables_of(dashboard)) == expected


def test_a_query_is_asked_as_a_browser_asks_it() -> None:
    panel = {
        "datasource": SOURCE,
        "targets": [{"refId": "A", "expr": 'up{db="$db"}'}, {"refId": "B", "expr": "up", "hide": True}],
    }
    assert queries_of(panel, variables_of(variable("one"))) == [
        {"refId": "A", "expr": 'up{db="one"}', "datasource": SOURCE, "intervalMs": 15000, "maxDataPoints": 100}
    ]


def test_panels_in_collapsed_rows_are_asked_and_those_without_a_query_are_not() -> None:
    asks = {"title": "asks", "targets": [{"refId": "A"}]}
    silent = {"title": "hidden", "targets": [{"refId": "A", "hide": True}]}
    dashboard = {"panels": [{"type": "row", "panels": [asks]}, {"type": "text"}, silent, asks]}
    assert list(with_queries(dashboard)) == [asks, asks]


def test_nothing_in_the_projects_own_dashboards_is_left_to_a_browser() -> None:
    for path in DASHBOARDS.glob("*.json"):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        variables = variables_of(dashboard)
        text = json.dumps([queries_of(panel, variables) for panel in with_queries(dashboard)])
        # Grafana's server knows its macros; a variable of the dashboard it does not.
        left = interpolate(text.replace("$__timeFilter", ""), {})
        assert "$" not in left, path.name


def frame(*columns: list[object]) -> dict[str, Any]:
    return {"data": {"values": list(columns)}}


def test_a_panel_has_data_when_one_of_its_queries_returned_a_row() -> None:
    panel = {"title": "Transactions"}
    empty = {"A": {"frames": []}, "B": {"frames": [frame([])]}}
    assert not state_of("Activity", panel, {"results": empty}, refused="").has_data
    filled = {**empty, "C": {"frames": [frame([1], [2.0])]}}
    assert state_of("Activity", panel, {"results": filled}, refused="").has_data


def test_an_empty_panel_is_named_with_the_reason() -> None:
    answer = {"results": {"A": {"error": 'relation "x" does not exist', "frames": []}}}
    state = state_of("Activity", {"title": "Transactions"}, answer, refused="HTTP 400")
    assert state.name == 'Activity / Transactions (relation "x" does not exist)'
    assert state_of("Activity", {"id": 7}, {}, refused="HTTP 502").name == "Activity / panel 7 (HTTP 502)"
