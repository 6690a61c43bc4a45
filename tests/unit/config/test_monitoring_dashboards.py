"""The dashboards are complete, consistent, and ask only for what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.equipment.monitoring import (
    EXPORTED,
    Target,
    dashboards,
    metrics,
    panels,
    promql_names,
    read_yaml,
    series,
    targets,
)

GRID_WIDTH = 24

every_dashboard = pytest.mark.parametrize(("name", "dashboard"), dashboards().items(), ids=dashboards())
every_panel = pytest.mark.parametrize(("where", "panel"), list(panels()), ids=[where for where, _ in panels()])
every_target = pytest.mark.parametrize("target", list(targets()), ids=[target.where for target in targets()])


def provisioned() -> dict[str, str]:
    """Uid -> type of every data source."""
    sources = read_yaml("grafana", "provisioning", "datasources", "datasources.yml")["datasources"]
    return {source["uid"]: source["type"] for source in sources}


def test_the_four_dashboards_are_there() -> None:
    uids = {name: dashboard["uid"] for name, dashboard in dashboards().items()}
    assert uids == {
        "activity.json": "pgai-activity",
        "preview.json": "pgai-preview",
        "statements.json": "pgai-statements",
        "tables.json": "pgai-tables",
    }


def test_titles_are_unique() -> None:
    titles = [dashboard["title"] for dashboard in dashboards().values()]
    assert len(set(titles)) == len(titles)


@every_dashboard
def test_a_dashboard_is_live_and_linked_to_the_others(name: str, dashboard: dict[str, Any]) -> None:
    assert dashboard["refresh"] == "10s"
    assert dashboard["time"] == {"from": "now-15m", "to": "now"}
    assert dashboard["description"]
    assert dashboard["schemaVersion"] >= 41
    assert not dashboard["editable"]
    linked = {tag for link in dashboard["links"] if link["type"] == "dashboards" for tag in link["tags"]}
    assert linked
    assert linked <= {tag for other in dashboards().values() for tag in other["tags"]}
    assert linked <= set(dashboard["tags"]), "a dashboard is among those that its own links lead to"


@every_dashboard
def test_links_lead_to_dashboards_that_exist(name: str, dashboard: dict[str, Any]) -> None:
    known = {other["uid"] for other in dashboards().values()}
    assert set(re.findall(r"/d/([\w-]+)", str(dashboard))) <= known


@every_dashboard
def test_panel_ids_are_unique(name: str, dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


@every_dashboard
def test_panels_fill_the_grid_without_overlap(name: str, dashboard: dict[str, Any]) -> None:
    boxes = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    for title, box in boxes:
        assert 0 <= box["x"] < box["x"] + box["w"] <= GRID_WIDTH, title
    for (title, a), (other, b) in combinations(boxes, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{title} overlaps {other}"
    bottom = max(box["y"] + box["h"] for _, box in boxes)
    assert sum(box["w"] * box["h"] for _, box in boxes) == GRID_WIDTH * bottom, "there is a hole"


@every_dashboard
def test_charts_show_the_workload_pattern_behind_their_curves(name: str, dashboard: dict[str, Any]) -> None:
    (annotation,) = [entry for entry in dashboard["annotations"]["list"] if "builtIn" not in entry]
    assert annotation["name"] == "Workload pattern"
    assert annotation["enable"]
    assert "FROM workload_pattern" in annotation["target"]["rawSql"]
    others = [other["annotations"]["list"][-1] for other in dashboards().values()]
    assert others == [annotation] * len(others), "the spans are the same everywhere"


def test_a_name_has_one_colour_on_all_dashboards() -> None:
    colours: dict[str, set[str]] = {}
    for _, panel in panels():
        for name, colour in named_colours(panel.get("fieldConfig", {})):
            colours.setdefault(name, set()).add(colour)
    assert {name: found for name, found in colours.items() if len(found) > 1} == {}


def named_colours(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and colour of every series and state that a panel colours by its name."""
    for override in config.get("overrides", []):
        for entry in override["properties"]:
            if entry["id"] == "color" and "fixedColor" in entry["value"]:
                yield override["matcher"]["options"], entry["value"]["fixedColor"]
    for mapping in config.get("defaults", {}).get("mappings", []):
        for state in mapping["options"].values():
            yield state["text"], state["color"]


@every_panel
def test_a_panel_says_what_it_shows(where: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    if panel["type"] in ("row", "text"):
        return
    assert panel["description"].endswith(".")
    assert panel["targets"]
    assert panel["datasource"]["uid"] in provisioned()
    if panel["type"] != "state-timeline":
        assert panel["fieldConfig"]["defaults"]["unit"]


@every_panel
def test_query_names_within_a_panel_are_unique(where: str, panel: dict[str, Any]) -> None:
    ids = [target["refId"] for target in panel.get("targets", [])]
    assert len(set(ids)) == len(ids)


@every_target
def test_a_query_asks_a_provisioned_data_source_in_its_language(target: Target) -> None:
    kind = provisioned()[target.datasource]
    assert (kind == "prometheus") == bool(target.expr)
    assert (kind == "postgres") == bool(target.sql)


@every_target
def test_a_query_reads_only_what_is_collected(target: Target) -> None:
    if target.expr:
        names = promql_names(target.expr)
        assert names
        assert names <= series().keys() | EXPORTED
        return
    tables = set(
        re.findall(r"(?i)\b(?:from|join)\s+([a-z_]+)\b(?!\s*\()", re.sub(r"(?i)extract\(epoch from", "", target.sql))
    )
    own = set(re.findall(r"(?i)(?:\bwith|,)\s+([a-z_]+)\s+as\s+\(", target.sql))
    assert {name.lower() for name in tables} - own - {"lateral"} <= metrics().keys() | {"pg_stat_user_tables"}


@every_target
def test_rates_are_taken_of_counters_and_values_of_gauges(target: Target) -> None:
    rated = set(re.findall(r"\b(?:rate|increase)\((\w+)", target.expr))
    for name in promql_names(target.expr) & series().keys():
        assert (name in rated) == (not series()[name]), name


@every_target
def test_rate_windows_hold_several_samples(target: Target) -> None:
    windows = set(re.findall(r"\b(?:rate|increase)\([^[]*\[([^]]+)\]", target.expr))
    assert windows <= {"$__rate_interval", "$__range", "5m", "1h"}


@every_target
def test_a_query_uses_only_variables_that_its_dashboard_has(target: Target) -> None:
    dashboard = dashboards()[target.where.split(":")[0]]
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", target.expr + target.sql))
    assert {name for name in used if not name.startswith("__")} <= variables


def test_variables_ask_provisioned_data_sources_for_collected_series() -> None:
    variables = [variable for dashboard in dashboards().values() for variable in dashboard["templating"]["list"]]
    assert variables
    for variable in variables:
        assert variable["datasource"]["uid"] in provisioned()
        match = re.fullmatch(r"label_values\((\w+), dbname\)", variable["definition"])
        assert match
        assert match[1] in series()
        assert variable["query"]["query"] == variable["definition"]


def test_a_variable_offers_all_and_several_and_starts_with_all() -> None:
    for dashboard in dashboards().values():
        for variable in dashboard["templating"]["list"]:
            assert variable["multi"]
            assert variable["includeAll"]
            assert variable["allValue"] == ".*"
            assert variable["current"] == {"text": ["All"], "value": ["$__all"]}


@every_target
def test_a_query_matches_a_variable_of_several_values(target: Target) -> None:
    assert not re.search(r'[^~]"\$dbname"', target.expr), "= would match one value only"
    assert "$dbname" not in target.sql.replace("${dbname:regex}", "")
