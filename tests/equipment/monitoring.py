"""Reads the default monitoring configuration as Grafana, pgwatch and VictoriaMetrics would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CONFIG = Path(__file__).resolve().parents[2] / "config"
DASHBOARDS = CONFIG / "grafana" / "dashboards"

#: Series that no pgwatch metric makes: those of VictoriaMetrics itself, and of programs that publish their process.
EXPORTED = {
    "up",
    "scrape_samples_scraped",
    "scrape_duration_seconds",
    "vm_rows",
    "vm_rows_inserted_total",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}
PROMQL_WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "or", "and", "unless", "offset"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """One query of a panel or of an annotation."""

    where: str
    datasource: str
    expr: str
    sql: str


def read_yaml(*path: str) -> Any:
    return yaml.safe_load(CONFIG.joinpath(*path).read_text(encoding="utf-8"))


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """File name -> dashboard."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel with a readable place, rows included."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            yield f"{name}: {panel['title']}", panel
            for inner in panel.get("panels", []):
                yield f"{name}: {inner['title']}", inner


def targets() -> Iterator[Target]:
    """Every query of every panel and annotation."""
    for where, panel in panels():
        for target in panel.get("targets", []):
            yield _target(f"{where} [{target['refId']}]", target)
    for name, dashboard in dashboards().items():
        for annotation in dashboard["annotations"]["list"]:
            if "target" in annotation:
                yield _target(f"{name}: annotation {annotation['name']}", annotation["target"])


def _target(where: str, target: dict[str, Any]) -> Target:
    return Target(
        where=where,
        datasource=target["datasource"]["uid"],
        expr=target.get("expr", ""),
        sql=target.get("rawSql", ""),
    )


@cache
def metrics() -> dict[str, dict[str, Any]]:
    """Metric name -> definition."""
    found: dict[str, dict[str, Any]] = read_yaml("pgwatch-prometheus", "metrics.yml")["metrics"]
    return found


def columns(sql: str) -> list[str]:
    """The column names of a metric's query: of the select that carries the pgwatch comment."""
    head = sql.split("/* pgwatch_generated */")[1]
    head = re.sub(r"--.*", "", head)
    names: list[str] = []
    depth, item = 0, ""
    for token in re.split(r"([(),]|\bfrom\b)", head):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0 and token in (",", "from"):
            names.append(item.split()[-1].split(".")[-1])
            item = ""
            if token == "from":
                return names
        else:
            item += token
    return [*names, item.split()[-1].split(".")[-1]]


def series() -> dict[str, bool]:
    """Prometheus name of every value that pgwatch publishes -> whether it is a gauge."""
    found = {"pgwatch_instance_up": True}
    for name, metric in metrics().items():
        gauges = metric.get("gauges", [])
        for sql in metric["sqls"].values():
            for column in columns(sql):
                if column != "epoch_ns" and not column.startswith("tag_"):
                    found[f"pgwatch_{name}_{column}"] = "*" in gauges or column in gauges
    return found


def promql_names(expr: str) -> set[str]:
    """The series that an expression reads."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]', " ", re.sub(r'"[^"]*"', "", expr))
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    return {
        match[1]
        for match in re.finditer(r"\b([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
        if match[1] not in PROMQL_WORDS and not match[1][0].isdigit()
    }
