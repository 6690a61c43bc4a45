"""Every dashboard fits Grafana's own typed models: no unknown panel type, key or value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args, get_type_hints

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import panelcfg_config
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from tests.equipment.monitoring import dashboards, panels

register_default_plugins()

#: What Grafana reads and the models leave open: the query of an annotation (they know only the search for tags), and
#: the text of a variable's query.
OPEN = re.compile(r"\.annotations\.list\[\d+\]\.target(\..*)?|\.templating\.list\[\d+\]\.definition")
#: The models pass a PostgreSQL query on unread.
SQL_KEYS = {"refId", "datasource", "editorMode", "format", "rawQuery", "rawSql"}

every_dashboard = pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards())
every_panel = pytest.mark.parametrize("panel", [panel for _, panel in panels()], ids=[where for where, _ in panels()])


def reread(model: type[Dashboard] | type[Panel], content: dict[str, Any]) -> Any:
    """The content after a way through the typed model."""
    return json.loads(json.dumps(model.from_json(content), cls=JSONEncoder))


def lost(written: Any, read: Any, path: str = "") -> Iterator[str]:
    """Paths of what the model did not keep as it was written; what it adds are its defaults."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from lost(value, read.get(key), f"{path}.{key}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for index, (value, kept) in enumerate(zip(written, read, strict=True)):
            yield from lost(value, kept, f"{path}[{index}]")
    elif written != read:
        yield path


def misfits(node: Any) -> Iterator[str]:
    """Values that are none of a field's choices: the models read any text where they expect a choice."""
    if isinstance(node, list | dict):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from misfits(inner)
    elif hasattr(node, "to_json"):
        for name, kind in get_type_hints(type(node)).items():
            value = getattr(node, name)
            if choices := offered(kind):
                chosen = value if isinstance(value, list) else [value]
                yield from (f"{type(node).__name__}.{name}: {one}" for one in chosen if one not in choices)
            else:
                yield from misfits(value)


def offered(kind: Any) -> list[Any]:
    """The values of a type that is a choice, or a list of it; None is one where the field may be left out."""
    kinds = get_args(kind) or (kind,)
    named = [one for one in kinds if isinstance(one, type) and issubclass(one, Enum)]
    return [None, *(member.value for one in named for member in one)] if named else []


@every_dashboard
def test_a_choice_is_one_that_grafana_offers(dashboard: dict[str, Any]) -> None:
    assert not list(misfits(Dashboard.from_json(dashboard)))


@every_dashboard
def test_a_dashboard_has_only_keys_and_values_that_grafana_knows(dashboard: dict[str, Any]) -> None:
    unknown = [path for path in lost(dashboard, reread(Dashboard, dashboard)) if not OPEN.fullmatch(path)]
    assert not unknown


@every_panel
def test_a_panel_is_of_a_type_that_grafana_has(panel: dict[str, Any]) -> None:
    assert panel["type"] == "row" or panelcfg_config(panel["type"])


@every_panel
def test_an_override_sets_only_what_the_panel_type_has(panel: dict[str, Any]) -> None:
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        defaults: dict[str, Any] = {"custom": {}}
        for entry in override["properties"]:
            name = entry["id"].removeprefix("custom.")
            (defaults if name == entry["id"] else defaults["custom"])[name] = entry["value"]
        content = {**panel, "fieldConfig": {"defaults": defaults, "overrides": []}}
        assert not list(lost(content, reread(Panel, content)))


@every_panel
def test_a_sql_query_has_only_keys_that_grafana_knows(panel: dict[str, Any]) -> None:
    for target in panel.get("targets", []):
        assert "rawSql" not in target or target.keys() <= SQL_KEYS


@every_dashboard
def test_an_annotation_query_has_only_keys_that_grafana_knows(dashboard: dict[str, Any]) -> None:
    for annotation in dashboard["annotations"]["list"]:
        assert annotation.get("target", {}).keys() <= SQL_KEYS
