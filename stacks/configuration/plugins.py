"""Plugins of Grafana that a branch's dashboards and data sources need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.configuration.documents import document_of
from stacks.configuration.layout import DASHBOARDS, DATASOURCES, part_of
from stacks.configuration.texts import json_of

# What Grafana 12.0.2 brings along, or shows with a panel of its own in the place of one that it no longer has.
_CORE_PANELS = frozenset({
    "alertlist", "annolist", "barchart", "bargauge", "candlestick", "canvas", "dashlist", "datagrid", "debug",
    "flamegraph", "gauge", "geomap", "gettingstarted", "graph", "heatmap", "histogram", "live", "logs", "news",
    "nodeGraph", "piechart", "row", "stat", "state-timeline", "status-history", "table", "table-old", "text",
    "timeseries", "traces", "trend", "welcome", "xychart", "grafana-piechart-panel", "grafana-singlestat-panel",
    "grafana-worldmap-panel", "singlestat",
})  # fmt: skip
_CORE_SOURCES = frozenset({
    "__expr__", "alertmanager", "cloudwatch", "dashboard", "datasource", "elasticsearch", "grafana",
    "grafana-azure-monitor-datasource", "grafana-postgresql-datasource", "grafana-pyroscope-datasource",
    "grafana-testdata-datasource", "graphite", "influxdb", "jaeger", "loki", "mixed", "mssql", "mysql", "opentsdb",
    "parca", "postgres", "prometheus", "stackdriver", "tempo", "testdata", "zipkin",
})  # fmt: skip
_CORE = {"panel": _CORE_PANELS, "datasource": _CORE_SOURCES, "app": frozenset[str]()}


def lacking(files: Mapping[str, Path | str], plugins: Collection[str]) -> Iterator[str]:
    """What a branch's dashboards and data sources need and a base does not have, in words, a sentence a plugin.

    Not a refusal: all else of the branch can be looked at, and the base need not be the branch's.

    Args:
        files: Path below the configuration directory → file, or text that takes its place; all can be read.
        plugins: ``ID@VERSION`` of the base's.
    """
    there = {plugin.partition("@")[0] for plugin in plugins}
    needing: dict[str, list[str]] = {}
    for name, content in sorted(files.items()):
        for plugin in sorted(needed(name, content) - there):
            needing.setdefault(plugin, []).append(name)
    for plugin, names in sorted(needing.items()):
        verb = "needs" if len(names) == 1 else "need"
        yield f"{', '.join(names)} {verb} plugin {plugin}, which this base does not have (its grafanaPlugins)"


def needed(name: str, content: Path | str) -> set[str]:
    """Ids of plugins, other than Grafana's own, that a file of a configuration directory needs.

    Args:
        name: Its path below that directory.
        content: The file, or its text.
    """
    part = part_of(name)
    if part not in (DASHBOARDS, DATASOURCES):
        return set()
    text = content if isinstance(content, str) else content.read_text(encoding="utf-8")
    if part == DATASOURCES:
        data = document_of(name, name, text, "Grafana").data or {}
        found = {("datasource", str(row["type"])) for row in _mappings(data.get("datasources"))}
    else:
        found = set(_of_dashboard(json_of(text)))
    return {plugin for kind, plugin in found if plugin not in _CORE[kind] and "$" not in plugin}


def _of_dashboard(data: Any) -> Iterator[tuple[str, str]]:
    """Kind and id of each plugin that a dashboard names: of panels, of what they ask, and what its export lists."""
    for row in _mappings(data.get("__requires")):
        kind, plugin = row.get("type"), row.get("id")
        if isinstance(kind, str) and kind in _CORE and isinstance(plugin, str):
            yield kind, plugin
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            source = value.get("datasource")
            if isinstance(source, dict) and isinstance(source.get("type"), str):
                yield "datasource", source["type"]
            for panel in _mappings(value.get("panels")):
                if isinstance(panel.get("type"), str):
                    yield "panel", panel["type"]
            waiting += value.values()


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    yield from (row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()
