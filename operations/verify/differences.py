"""In what two versions of a dashboard differ, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.verify.answers import mapping, mappings, one_line, text

# Numbers and places that change when something else does, and what belongs to one Grafana.
_OF_DASHBOARD = frozenset({"id", "uid", "version", "title", "panels", "templating", "iteration"})
_OF_PANEL = frozenset({"id", "gridPos", "pluginVersion", "panels", "collapsed"})
_CURRENT = frozenset({"current", "options"})


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """In what a dashboard differs from what it was, a clause each; empty where it is the same."""
    return tuple(_differences(before, after))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("title") != after.get("title"):
        yield f"the title was {_quoted(before.get('title'))}"
    yield from _of_each("panel", _panels(before), _panels(after), _OF_PANEL)
    yield from _of_each("variable", _variables(before), _variables(after), _CURRENT)
    if changed := _changed(before, after, _OF_DASHBOARD):
        yield f"settings have changed ({', '.join(changed)})"


_Named = list[tuple[str, Mapping[str, Any]]]


def _of_each(kind: str, before: _Named, after: _Named, ignored: frozenset[str]) -> Iterator[str]:
    """Those of one name are told apart by their order, once those that are the same are set aside."""
    old, new = list(before), []
    for name, value in after:
        same = next((one for one in old if one[0] == name and not _changed(one[1], value, ignored)), None)
        if same:
            old.remove(same)
        else:
            new.append((name, value))
    for name, value in new:
        earlier = next((one for one in old if one[0] == name), None)
        if earlier:
            old.remove(earlier)
            yield f"{kind} {name} has changed ({', '.join(_changed(earlier[1], value, ignored))})"
        else:
            yield f"{kind} {name} is new"
    for name, _ in old:
        yield f"{kind} {name} is gone"


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], ignored: frozenset[str]) -> list[str]:
    keys = (before.keys() | after.keys()) - ignored
    return sorted(one_line(key) for key in keys if before.get(key) != after.get(key))


def _panels(dashboard: Mapping[str, Any]) -> _Named:
    """All panels and rows, also those that are folded into a row."""
    found: _Named = []
    for panel in mappings(dashboard.get("panels")):
        found += [(_title(one), one) for one in (panel, *mappings(panel.get("panels")))]
    return found


def _title(panel: Mapping[str, Any]) -> str:
    return _quoted(panel["title"]) if panel.get("title") else f"without a title ({one_line(text(panel.get('type')))})"


def _variables(dashboard: Mapping[str, Any]) -> _Named:
    listed = mappings(mapping(dashboard.get("templating")).get("list"))
    return [(one_line(text(variable.get("name"))), variable) for variable in listed]


def _quoted(value: Any) -> str:
    return f"“{one_line(text(value))}”"
