"""What a visitor sees of the Grafana stand-in, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.equipment.browser import Browser
from tests.equipment.programs import wait_for
from tests.standins.grafana import Grafana, PrometheusStandIn

PROMETHEUS = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
NODE = {
    "name": "node",
    "type": "query",
    "datasource": PROMETHEUS,
    "query": "label_values(tps, node_name)",
    "refresh": 1,
    "current": {"text": "stored-long-ago", "value": "stored-long-ago"},
}
TPS = {"refId": "A", "datasource": PROMETHEUS, "expr": 'tps{node="$node"}', "range": True}


@pytest.fixture
def grafana(grafana_binary: Path, prometheus: PrometheusStandIn, tmp_path: Path) -> Iterator[Grafana]:
    prometheus.values["node_name"] = ["node-01", "node-02"]
    running = Grafana(
        grafana_binary,
        tmp_path,
        prometheus=prometheus.url,
        # With a slash at its end, as people write it.
        env={"GF_USERS_HOME_PAGE": "/d/first/first-dashboard/"},
    )
    yield running
    running.program.kill()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    (tmp_path / "browser").mkdir()
    return Browser(tmp_path / "browser", addresses={})


def dashboard(grafana: Grafana, *panels: dict[str, object], variables: Sequence[object] = ()) -> str:
    """Show panels in the first dashboard, which is there from the next round on."""
    placed = [
        {"id": number, "title": f"Panel {number}", "gridPos": {"x": 0, "y": 8 * number, "w": 12, "h": 8}, **panel}
        for number, panel in enumerate(panels)
    ]
    grafana.write_dashboard("shown", "Shown dashboard", panels=placed, templating={"list": [*variables]})
    wait_for("the dashboard", lambda: "shown" in grafana.shown(), 5)
    return f"{grafana.url}/d/shown/shown-dashboard"


def drawn(browser: Browser, url: str) -> str:
    """The page once it says that all its panels in view are drawn; a busy machine may need a second look."""

    def look() -> str:
        page = browser.page(url)
        return page if 'data-ready="true"' in page else ""

    return wait_for("the drawn page", look, 60)


def asked(prometheus: PrometheusStandIn) -> set[str]:
    return {query for _, path, values in prometheus.asked if "query" in path for query in values.get("query", [])}


def test_the_first_address_leads_to_the_page_that_is_set(grafana: Grafana, browser: Browser) -> None:
    assert re.search(r"<title>First dashboard", drawn(browser, f"{grafana.url}/"))


def test_a_panel_and_a_data_source_whose_plugin_is_missing_are_named(grafana: Grafana, browser: Browser) -> None:
    infinity = {"type": "yesoreyeram-infinity-datasource", "uid": "aerffb0z8rjlsc"}
    url = dashboard(
        grafana,
        {"type": "no-such-panel", "targets": []},
        {"type": "heatmap", "targets": []},
        {"type": "timeseries", "targets": [{"refId": "A", "datasource": infinity, "expr": "x"}]},
    )
    page = drawn(browser, url)
    assert "Panel plugin not found: no-such-panel" in page
    assert 'The stand-in does not draw panels of type "heatmap"' in page
    assert "Datasource aerffb0z8rjlsc was not found" in page
    assert "Grafana stand-in — not Grafana" in page


def test_a_stored_value_that_is_not_among_the_answers_gives_way_to_the_first(
    grafana: Grafana, prometheus: PrometheusStandIn, browser: Browser
) -> None:
    url = dashboard(grafana, {"type": "timeseries", "targets": [TPS]}, variables=[NODE])
    prometheus.asked.clear()
    drawn(browser, url)
    assert asked(prometheus) == {'tps{node="node-01"}'}


def test_a_value_in_the_address_is_kept_whatever_the_answers_are(
    grafana: Grafana, prometheus: PrometheusStandIn, browser: Browser
) -> None:
    url = dashboard(grafana, {"type": "timeseries", "targets": [TPS]}, variables=[NODE])
    prometheus.asked.clear()
    drawn(browser, f"{url}?var-node=elsewhere")
    assert asked(prometheus) == {'tps{node="elsewhere"}'}


def test_a_variable_without_answers_has_no_value(
    grafana: Grafana, prometheus: PrometheusStandIn, browser: Browser
) -> None:
    prometheus.values["node_name"] = []
    url = dashboard(grafana, {"type": "timeseries", "targets": [TPS]}, variables=[NODE])
    prometheus.asked.clear()
    drawn(browser, url)
    assert asked(prometheus) == {'tps{node=""}'}
