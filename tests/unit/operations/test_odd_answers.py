"""Whatever dashboards and answers look like, ``verify`` says what it found: no exception, no end that does not come."""

from __future__ import annotations

import copy
import datetime as dt
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.verify import checks, pictures, verdict
from operations.verify.answers import RefusedError
from operations.verify.browsing import panels_of
from operations.verify.viewer import Viewer
from tests.equipment.fakes.grafana import FakeGrafana
from tests.equipment.foreign import dashboards

DASHBOARDS = dashboards()
many = settings(max_examples=100, deadline=dt.timedelta(seconds=30), suppress_health_check=[HealthCheck.too_slow])

texts = st.sampled_from([
    "", "$", "$a", "${a}", "${a:json}", "$__all", "[[a:csv]]", "${__from:date:YYYY}", "query", "row", "/(/", "/(a+)/g",
    "label_values(", "label_values(x{a=\"$a\"}, y)", "query_result(up)", "-- Mixed --", "-- Dashboard --", "__expr__",
    "default", "datasource", "interval", "textbox", "\ud800", "\x00", "é", "'\"\\{}[]()", "x" * 2_000, "1e999", "-1h",
])  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["uid", "type", "value", "text", "query", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
deep: Any = []
for _ in range(5_000):
    deep = [deep]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every object or list within, with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A dashboard in which a few things are gone, or something else than they were."""
    dashboard = copy.deepcopy(DASHBOARDS[draw(st.sampled_from(sorted(DASHBOARDS)))])
    # One panel of each is enough, and quicker.
    dashboard["panels"] = dashboard["panels"][: draw(st.integers(0, 4))]
    for _ in range(draw(st.integers(1, 6))):
        found = places(dashboard)
        if not found:
            break
        owner, key = draw(st.sampled_from(found))
        if draw(st.booleans()):
            owner[key] = draw(values)
        else:
            del owner[key]
    return dashboard


answers = st.tuples(st.sampled_from([200, 200, 400, 404, 500]), values | st.binary(max_size=50))
paths = st.sampled_from([
    "/api/search", "/api/ds/query", "/api/frontend/settings", "/api/dashboards/uid/x", "/d/x", "/api/dashboards/db",
    "/api/datasources/uid/P7A0D6631BB10B34F/resources/api/v1/label/cluster/values",
    "/api/datasources/uid/P7A0D6631BB10B34F/resources/api/v1/label/__name__/values",
    "/api/datasources/uid/P7A0D6631BB10B34F/resources/api/v1/query",
])  # fmt: skip


class Visitor(Viewer):
    """A viewer who asks the fake without a connection."""

    def __init__(self, grafana: FakeGrafana) -> None:
        self.ask = grafana.ask  # type: ignore[method-assign]


@many
@given(dashboard=mutated(), answer=st.none() | values)
def test_whatever_a_dashboard_holds_each_of_its_panels_is_told_of(dashboard: dict[str, Any], answer: Any) -> None:
    grafana = FakeGrafana(Path(), dashboards={"x": dashboard}, answer=lambda query: answer)
    found = panels_of(grafana)
    assert all(panel.has_data or panel.reason for panel in found)
    assert all("\n" not in panel.reason for panel in found)
    assert verdict.panels_filled(found).detail


@many
@given(odd=st.dictionaries(paths, answers, min_size=1, max_size=4))
def test_whatever_grafana_answers_is_a_check_that_failed(odd: dict[str, tuple[int, Any]]) -> None:
    dashboard = {**DASHBOARDS["preview.json"], "title": "X"}
    visitor = Visitor(FakeGrafana(Path(), dashboards={"x": dashboard}, odd=odd))
    found = [checks.may_look(visitor), checks.may_not_edit(visitor), checks.dashboards_open(visitor)]
    assert all(check.ok is not None and check.detail for check in found)
    now = dt.datetime.now(dt.UTC)
    with suppress(RefusedError):
        assert all(
            isinstance(value, float) for _, value in visitor.series("up", now - dt.timedelta(minutes=1), now, 10)
        )
    with suppress(RefusedError):
        assert all(panel.has_data or panel.reason for panel in visitor.panels())


@many
@given(dashboard=mutated())
def test_a_picture_of_any_dashboard_has_a_size(dashboard: dict[str, Any]) -> None:
    assert 900 <= pictures._height(dashboard) <= 16_000


@pytest.mark.parametrize("content", ["[" * 100_000, "null", "<html>", "", "7", '{"dashboard": []}', "\xff"])
def test_what_is_no_dashboard_is_said_of_it(content: str) -> None:
    odd = {"/api/dashboards/uid/x": (200, content.encode("latin-1"))}
    (found,) = panels_of(FakeGrafana(Path(), dashboards={"x": {"title": "X"}}, odd=odd))
    assert found.name == "X / all panels"
    assert found.reason.startswith("the dashboard cannot be read: ")


def test_a_number_that_nobody_reads_hides_no_panel() -> None:
    panel = '{"id": 1, "type": "stat", "title": "A", "targets": [{"refId": "A", "expr": "up"}]}'
    content = f'{{"dashboard": {{"version": {"9" * 5000}, "panels": [{panel}]}}}}'
    odd = {"/api/dashboards/uid/x": (200, content.encode())}
    (found,) = panels_of(FakeGrafana(Path(), dashboards={"x": {"title": "X"}}, odd=odd))
    assert found.name == "X / A"


class Deep(FakeGrafana):
    """One that gives a dashboard which no JSON parser would."""

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        if path != "/api/dashboards/uid/x":
            return super().ask(method, path, json=json)
        dashboard = {"panels": [{"targets": [{"refId": "A", "expr": "up", "more": deep}]}]}
        response = httpx.Response(200)
        response.json = lambda **_: {"dashboard": dashboard}  # type: ignore[method-assign]
        return response


def test_objects_in_objects_without_end_are_no_reason_to_stop() -> None:
    (found,) = panels_of(Deep(Path(), dashboards={"x": {}}))
    assert found.reason.startswith("it cannot be asked: ")
