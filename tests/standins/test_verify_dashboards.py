"""What ``verify`` finds in dashboards, asked of the Grafana stand-in over a real VictoriaMetrics."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.verify.browsing import panels_of
from operations.verify.panels import PanelState
from tests.equipment.programs import http_get, wait_for
from tests.standins.grafana import Grafana

SOURCE = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
STEP, SAMPLES = 15, 40


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    asked = {"qryType": 1, "query": query, "refId": "variable"}
    return {"name": name, "type": "query", "query": asked, "current": {"value": "stored"}, "datasource": SOURCE, **more}


def panel(title: str, expression: str, **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expression, "range": True}
    return {"title": title, "type": "timeseries", "datasource": SOURCE, "targets": [target], **more}


VARIABLES = [
    variable("cluster", "label_values(pgwatch_size, cluster)"),
    variable("node", 'label_values(pgwatch_size{cluster="$cluster"}, node)', regex="/^node-/"),
    variable("db", 'label_values(pgwatch_size{node="$node"}, db)', multi=True, includeAll=True, sort=1),
    variable("gone", 'label_values(pgwatch_size{node="$node"}, nothing)'),
]
PANELS = [
    panel("Size", 'sum(rate(pgwatch_size{cluster="$cluster", node="$node", db=~"$db"}[$__rate_interval]))'),
    panel("Of $db", "pgwatch_size{node='$node', db=~\"$db\"}", repeat="db"),
    panel("No values", 'pgwatch_size{node="$gone"}'),
    panel("No metric", "pgwatch_nothing"),
    panel("No rows", 'pgwatch_size{node="other"}'),
    panel("Not a preview's", "node_cpu_seconds_total"),
    panel("Broken", "sum("),
]


@pytest.fixture(scope="module")
def found(
    go_binary: Callable[[str], Path], victoria_metrics: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, PanelState]]:
    """The panels by their titles."""
    now = int(time.time()) * 1000
    labels = [('cluster="c"', "node-1", db) for db in ("one", "two.three")] + [('cluster="c"', "elsewhere", "x")]
    lines = [
        f'pgwatch_size{{{cluster},node="{node}",db="{db}"}} {number} {now - number * STEP * 1000}'
        for cluster, node, db in labels
        for number in range(SAMPLES)
    ]
    urllib.request.urlopen(f"{victoria_metrics}/api/v1/import/prometheus", "\n".join(lines).encode(), timeout=10)
    http_get(f"{victoria_metrics}/internal/force_flush")
    grafana = Grafana(go_binary("grafana"), tmp_path_factory.mktemp("verify"), prometheus=victoria_metrics)
    grafana.write_dashboard("tried", "Tried", templating={"list": VARIABLES}, panels=PANELS)
    visitor = Visitor(grafana)
    wait_for("the dashboard is there", lambda: visitor.ask("GET", "/api/dashboards/uid/tried").status_code == 200)
    yield {state.panel: state for state in panels_of(visitor)}
    grafana.program.kill()


class Visitor:
    """Asks without a login."""

    def __init__(self, grafana: Grafana) -> None:
        self._client = grafana.visitor()

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        return self._client.request(method, path, json=json)


def test_variables_are_answered_in_their_order_and_repeats_shown_for_each_value(found: dict[str, PanelState]) -> None:
    assert [title for title, state in found.items() if state.has_data] == ["Size", "Of one", "Of two.three"]


def test_every_empty_panel_has_its_reason(found: dict[str, PanelState]) -> None:
    reasons = {title: state.reason for title, state in found.items() if not state.has_data}
    broken = reasons.pop("Broken")
    assert broken.startswith("the query failed: ")
    assert reasons == {
        "No values": "variable gone has no values",
        "No metric": "metric pgwatch_nothing does not exist",
        "No rows": "no rows in the last 30 min",
        "Not a preview's": "metric node_cpu_seconds_total does not exist",
    }
    assert [title for title, state in found.items() if not state.counted] == ["Not a preview's"]
