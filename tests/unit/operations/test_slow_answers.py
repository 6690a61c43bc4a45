"""One panel that takes too long is named, and hides nothing of all the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.errors import OperationError
from operations.machine.access import machine_of
from operations.verify import viewer, waiting
from operations.verify.browsing import panels_of
from operations.verify.viewer import Viewer
from tests.equipment.fakes.grafana import FILLED, FakeGrafana, base

PROMETHEUS = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
LATE = "no answer within 15 s"


def panel(title: str, expression: str, source: object = PROMETHEUS) -> dict[str, Any]:
    return {"title": title, "datasource": source, "targets": [{"refId": "A", "expr": expression}]}


def named(query: str) -> dict[str, Any]:
    variable = {"name": "v", "type": "query", "datasource": PROMETHEUS, "query": query}
    return {"title": "D", "templating": {"list": [variable]}, "panels": [panel("P", "up{v='$v'}")]}


class Slow(FakeGrafana):
    """One that answers some questions too late."""

    late: Callable[[str, Any], bool]

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        if self.late(path, json):
            raise httpx.ReadTimeout("timed out")
        return super().ask(method, path, json=json)


def told(late: Callable[[str, Any], bool], **dashboards: dict[str, Any]) -> dict[str, str]:
    """Panel → why it is empty."""
    grafana = Slow(Path(), dashboards=dashboards)
    grafana.late = late
    return {one.name: one.reason for one in panels_of(grafana)}


def asks_for(word: str) -> Callable[[str, Any], bool]:
    return lambda path, body: word in path or word in str(body)


def test_a_panel_that_is_answered_too_late_is_named_with_that_and_all_others_are_asked() -> None:
    dashboard = {"title": "D", "panels": [panel("Slow", "slow"), panel("Quick", "up")]}
    assert told(asks_for("'slow'"), d=dashboard) == {"D / Slow": f"the query failed: {LATE}", "D / Quick": ""}


def test_values_of_a_variable_that_come_too_late_are_no_reason_to_stop() -> None:
    others = {**named("label_values(up, v)"), "title": "E"}
    found = told(asks_for("/label/slow/"), d=named("label_values(slow)"), e=others)
    assert list(found) == ["D / P", "E / P"]


def test_a_dashboard_that_comes_too_late_is_named() -> None:
    dashboards = {uid: {"title": uid, "panels": [panel("P", "up")]} for uid in ("slow", "quick")}
    found = told(asks_for("/api/dashboards/uid/slow"), **dashboards)
    assert found == {"slow / all panels": f"the dashboard cannot be read: {LATE}", "quick / P": ""}


def test_a_grafana_that_answers_nothing_in_time_is_not_asked_for_every_panel() -> None:
    asked = []

    def late(path: str, body: Any) -> bool:
        asked.append(path)
        return path == "/api/ds/query"

    many = [panel(str(number), "up") for number in range(100)]
    with pytest.raises(httpx.ReadTimeout):
        told(late, d={"title": "D", "panels": many})
    assert asked.count("/api/ds/query") < 10


@pytest.fixture
def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeGrafana, Viewer]]:
    """Who waits a moment alone."""
    monkeypatch.setattr(viewer, "ANSWER_SECONDS", 0.3)
    with FakeGrafana(tmp_path) as grafana:
        yield grafana, Viewer(grafana.url, machine_of(base(grafana.port)).entrance)


def test_a_demo_that_waits_for_data_names_the_panel_that_is_answered_too_late(
    visitor: tuple[FakeGrafana, Viewer],
) -> None:
    grafana, asking = visitor
    over = threading.Event()
    grafana.answer = lambda query: over.wait(5) if query["expr"] == "Tables" else {"frames": FILLED}
    with pytest.raises(OperationError, match=r"Tables / Curve \(the query failed: no answer within 15 s\)"):
        waiting.wait_for_data(asking, lambda *_: None, seconds=0.1)
    over.set()


def test_a_demo_whose_grafana_does_not_answer_says_why(visitor: tuple[FakeGrafana, Viewer]) -> None:
    grafana, asking = visitor
    grafana.login_needed = True
    with pytest.raises(OperationError, match=r"no dashboard answered \(HTTP 401, Unauthorized\)\. Look at"):
        waiting.wait_for_data(asking, lambda *_: None, seconds=0.1)
