"""Which plugins of Grafana a branch's dashboards and data sources need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.configuration import gather, lacking
from stacks.configuration.plugins import needed

CHECKOUT = Path(__file__).resolve().parents[3]
DASHBOARD = "grafana/dashboards/some.json"


def dashboard(**parts: Any) -> set[str]:
    return needed(DASHBOARD, json.dumps({"title": "Some", **parts}))


@pytest.mark.parametrize(
    "parts",
    [
        {"panels": [{"type": "acme-panel"}]},
        {"panels": [{"type": "row", "panels": [{"type": "acme-panel"}]}]},
        {"panels": [{"type": "timeseries", "datasource": {"type": "acme-panel", "uid": "x"}}]},
        {"panels": [{"type": "stat", "targets": [{"datasource": {"type": "acme-panel"}}]}]},
        {"annotations": {"list": [{"datasource": {"type": "acme-panel"}}]}},
        {"templating": {"list": [{"type": "query", "datasource": {"type": "acme-panel"}}]}},
        {"__requires": [{"type": "app", "id": "acme-panel"}, {"type": "grafana", "id": "grafana"}]},
    ],
)
def test_a_dashboard_names_its_plugins_in_panels_in_what_they_ask_and_in_its_exports_list(parts: Any) -> None:
    assert dashboard(**parts) == {"acme-panel"}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"__requires": [{"type": {}, "id": "a"}, {"type": "app", "id": 7}, "x"]},
        {"panels": None, "__requires": "x", "templating": {"list": [7, None]}},
        {"panels": [{"type": kind} for kind in ("timeseries", "row", "text", "graph", "nodeGraph", 5, None)]},
        {"panels": [{"type": "stat", "datasource": {"type": "prometheus", "uid": "${ds}"}}]},
        {"panels": [{"type": "stat", "datasource": "-- Mixed --"}, {"datasource": {"type": "${kind}"}}]},
        {"panels": [{"datasource": {"type": kind}} for kind in ("postgres", "datasource", "__expr__", "grafana")]},
    ],
)
def test_what_grafana_brings_along_and_what_is_no_plugin_is_not_needed(parts: Any) -> None:
    assert dashboard(**parts) == set()


@pytest.mark.parametrize("text", ['{"version": %s, ', '\ufeff{"id": 1, ', '{"x": {"y": [-%s]}, '])
def test_what_can_be_taken_can_be_asked_for_its_plugins(text: str) -> None:
    text = text.replace("%s", "9" * 5000)
    assert needed(DASHBOARD, f'{text}"title": "Some", "panels": [{{"type": "acme-panel"}}]}}') == {"acme-panel"}


def test_a_data_source_needs_the_plugin_of_its_type() -> None:
    text = "apiVersion: 1\ndatasources:\n  - {name: A, type: acme-datasource}\n  - {name: B, type: prometheus}\n"
    assert needed("grafana/provisioning/datasources/all.yml", text) == {"acme-datasource"}
    assert needed("prometheus/prometheus.yml", text) == set()


def test_what_the_base_lacks_is_named_once_with_the_files_that_need_it(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps({"panels": [{"type": "acme-panel"}, {"type": "acme-map"}]}))
    files: dict[str, Path | str] = {
        "grafana/dashboards/b.json": tmp_path / "b.json",
        "grafana/dashboards/a.json": json.dumps({"panels": [{"type": "acme-panel"}]}),
    }
    end = "which this base does not have (its grafanaPlugins)"
    assert list(lacking(files, ["acme-map@1.0"])) == [
        f"grafana/dashboards/a.json, grafana/dashboards/b.json need plugin acme-panel, {end}"
    ]
    assert list(lacking(files, ["acme-map@1.0", "acme-panel@2"])) == []


def test_the_projects_own_dashboards_need_no_plugin() -> None:
    own = CHECKOUT / "config"
    assert list(lacking(gather(own, own).files, [])) == []
