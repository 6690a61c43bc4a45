"""A dashboard's panels as a browser shows them: rows, repeats, and the queries that it sends for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from operations.printable import printable
from operations.verify.answers import listing, mapping, mappings, text
from operations.verify.interpolation import Variable, Variables, interpolate, references
from operations.verify.sources import DASHBOARD, EXPRESSION, MIXED, Source, Sources
from operations.verify.timing import FROM, RANGE_SECONDS, TO, interval_ms, seconds_of, words

_POINTS = 500
_MOST_POINTS = 10_000
_MOST_REPEATS = 50
_MOST_REFERENCES = 5
_SHIFT = re.compile(r"\d{1,6}[smhdwMy]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class PanelState:
    """One panel of one dashboard, in texts that can be shown anywhere.

    Attributes:
        uid: Id of the dashboard.
        dashboard: Title of the dashboard.
        panel: Title of the panel.
        has_data: Whether at least one of its queries returned a row.
        reason: Why it is empty, in words; empty where it is not.
        counted: Whether it asks about what a preview has, so that it is expected to have data.
    """

    uid: str
    dashboard: str
    panel: str
    has_data: bool
    reason: str
    counted: bool = True

    def __post_init__(self) -> None:
        for name in ("dashboard", "panel", "reason"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    @property
    def name(self) -> str:
        """Dashboard and panel."""
        return f"{self.dashboard} / {self.panel}"

    def as_dict(self) -> dict[str, Any]:
        """The same, for JSON."""
        return {
            "dashboard": self.dashboard,
            "panel": self.panel,
            "ok": self.has_data,
            "counted": self.counted,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class Query:
    """One query of a panel.

    Attributes:
        source: The data source that it asks.
        body: What is sent for it.
        hidden: Whether its result is only for other queries.
    """

    source: Source
    body: Mapping[str, Any]
    hidden: bool = False

    @property
    def ref(self) -> str:
        """Its letter."""
        return str(self.body["refId"])

    @property
    def is_expression(self) -> bool:
        """Whether it computes with what other queries return."""
        return EXPRESSION in (self.source.uid, self.source.kind)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A panel as it is shown, once for each value where it is repeated.

    Attributes:
        title: Its title.
        variables: What its texts may refer to.
        queries: What it asks.
        start: Begin of its range.
        end: End of its range.
        used: Names of the variables that its queries refer to.
    """

    title: str
    variables: Variables
    queries: tuple[Query, ...]
    start: str = FROM
    end: str = TO
    used: frozenset[str] = field(default_factory=frozenset)


def shown(dashboard: Mapping[str, Any], variables: Variables, sources: Sources) -> Iterator[Shown]:
    """The panels that ask for data, those in collapsed rows too.

    Args:
        dashboard: The dashboard.
        variables: Its variables.
        sources: The preview's data sources.
    """
    every = [panel for panel, _ in _placed(dashboard, variables)]
    for model, scope in _placed(dashboard, variables):
        targets = _targets(model, every)
        if not any(not target.get("hide") for _, target in targets):
            continue
        for own in _instances(model.get("repeat"), scope):
            yield _shown(model, targets, own, sources)


def _placed(dashboard: Mapping[str, Any], variables: Variables) -> Iterator[tuple[Mapping[str, Any], Variables]]:
    """Panels with the variables of the row that they are in; once for each value that the row is repeated for."""
    scopes: list[Variables] = [variables]
    for panel in mappings(dashboard.get("panels")):
        if panel.get("type") == "row":
            scopes = list(_instances(panel.get("repeat"), variables))
        for inside in [panel, *mappings(panel.get("panels"))]:
            for scope in scopes:
                yield inside, scope


def _instances(repeat: Any, variables: Variables) -> Iterator[Variables]:
    """The variables for each value of the one that something is repeated by."""
    variable = variables.get(text(repeat)) if repeat else None
    if variable is None or not variable.values:
        yield variables
        return
    for value in variable.values[:_MOST_REPEATS]:
        yield {**variables, variable.name: replace(variable, value=value, shown="", everything=False)}


def _targets(model: Mapping[str, Any], every: list[Mapping[str, Any]]) -> list[tuple[Any, Mapping[str, Any]]]:
    """A panel's queries and the data source that each of them names; those of another panel where it shows its data."""
    for _ in range(_MOST_REFERENCES):
        targets = list(mappings(model.get("targets")))
        named = model.get("datasource")
        if named is None:
            named = next((target["datasource"] for target in targets if target.get("datasource")), None)
        uid = text(mapping(named).get("uid")) or text(named)
        if uid != DASHBOARD:
            break
        wanted = targets[0].get("panelId") if targets else None
        other = next((panel for panel in every if wanted is not None and panel.get("id") == wanted), None)
        if other is None:
            return []
        model = other
    else:
        return []
    return [(target.get("datasource") if uid == MIXED or _computes(target) else named, target) for target in targets]


def _computes(target: Mapping[str, Any]) -> bool:
    reference = mapping(target.get("datasource"))
    return EXPRESSION in (reference.get("uid"), reference.get("type")) or target.get("datasource") == EXPRESSION


def _shown(
    model: Mapping[str, Any], targets: list[tuple[Any, Mapping[str, Any]]], variables: Variables, sources: Sources
) -> Shown:
    found = [(sources.of(reference, variables), target) for reference, target in targets]
    computed = any(EXPRESSION in (source.uid, source.kind) for source, _ in found)
    queries = tuple(
        Query(source=source, body=_body(model, source, target, variables), hidden=bool(target.get("hide")))
        for source, target in found
        # What an expression computes with may be hidden.
        if computed or not target.get("hide")
    )
    title = str(interpolate(text(model.get("title")), variables)).strip() or f"panel {text(model.get('id')) or '?'}"
    start, end = _range(model, variables)
    used = references([target for _, target in targets if not target.get("hide")])
    return Shown(title=title, variables=variables, queries=queries, start=start, end=end, used=frozenset(used))


def _body(model: Mapping[str, Any], source: Source, target: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    points = model.get("maxDataPoints")
    points = points if isinstance(points, int) and 0 < points <= _MOST_POINTS else _POINTS
    step = interval_ms(points, text(interpolate(text(model.get("interval")), variables)) or source.least)
    scope = variables
    if not source.is_prometheus:
        # Grafana's server puts these into PromQL itself, after the query's own interval.
        scope = {**intervals(step, source.least), **variables}
    body = dict(interpolate(dict(target), scope))
    for name in ("expr", "rawSql"):
        if name in target:
            body[name] = interpolate(target[name], scope, source.format)
    ref = text(body.get("refId")) or "A"
    return {**body, "refId": ref, "datasource": source.reference, "intervalMs": step, "maxDataPoints": points}


def intervals(step: int, least: str) -> dict[str, Variable]:
    """Variables that stand for a query's step and range.

    Args:
        step: Step in milliseconds.
        least: How often the data source gets data, such as ``10s``.
    """
    scrape = round((seconds_of(least) or 15) * 1000)
    values = {
        "__interval": words(step),
        "__interval_ms": str(step),
        "__rate_interval": words(max(step + scrape, 4 * scrape)),
        "__range": f"{RANGE_SECONDS}s",
        "__range_s": str(RANGE_SECONDS),
        "__range_ms": str(RANGE_SECONDS * 1000),
    }
    return {name: Variable(name=name, value=value) for name, value in values.items()}


def _range(model: Mapping[str, Any], variables: Variables) -> tuple[str, str]:
    """Begin and end of a panel's range; a panel may have its own, and lie back in time."""
    own, shift = (str(interpolate(text(model.get(name)), variables)) for name in ("timeFrom", "timeShift"))
    start = f"now-{own}" if _SHIFT.fullmatch(own) else FROM
    return (f"{start}-{shift}", f"{TO}-{shift}") if _SHIFT.fullmatch(shift) else (start, TO)


def rows_of(result: Any) -> int:
    """Rows in the result of a query."""
    columns = [listing(mapping(frame.get("data")).get("values")) for frame in mappings(mapping(result).get("frames"))]
    return sum(len(listing(values[0])) for values in columns if values)
