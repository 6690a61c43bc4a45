"""The variables of a dashboard, resolved as Grafana's page does when it opens the dashboard without parameters.

They are resolved in their order, so that a later one may use an earlier one. What is offered is asked for anew; the
value in the dashboard's file counts only where it is offered, else all values (where they may be chosen) or the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from operations.verify.answers import RefusedError, listing, mapping, mappings, one_line, text
from operations.verify.interpolation import ALL, Variable, Variables, interpolate, regex
from operations.verify.metadata import Metadata
from operations.verify.options import Option, custom_options, expression_of, options_of
from operations.verify.sources import Sources
from operations.verify.timing import RANGE_SECONDS, interval_ms, words

_AUTO = "$__auto"
_AUTO_POINTS = 30
_OFFERING = ("query", "custom", "datasource")


def resolve(dashboard: Mapping[str, Any], sources: Sources, metadata: Metadata, built_in: Variables) -> Variables:
    """All variables of a dashboard.

    Args:
        dashboard: The dashboard.
        sources: The preview's data sources.
        metadata: Where values of variables are asked for.
        built_in: What is known before.

    Raises:
        httpx.HTTPError: Grafana does not answer.
    """
    known: dict[str, Variable] = dict(built_in)
    for model in mappings(mapping(dashboard.get("templating")).get("list")):
        name = text(model.get("name"))
        if not name:
            continue
        if model.get("type") in _OFFERING:
            known[name] = _offered(name, model, sources, metadata, known)
        elif (value := _written(model, known)) is not None:
            waits = model.get("type") == "textbox" and not value
            problem = "" if value else f"variable {name} {'is empty' if waits else 'has no value'}"
            known[name] = Variable(name=name, value=value, problem=problem, waits=waits)
    return known


def _written(model: Mapping[str, Any], known: Variables) -> str | None:
    """Value of a variable that offers no choice of its own; None for a type that stands for nothing."""
    query, current = text(model.get("query")), mapping(model.get("current")).get("value")
    match model.get("type"):
        case "constant":
            return str(interpolate(query, known))
        case "textbox":
            chosen = current[0] if isinstance(current, list) and current else current
            return text(chosen) or query
        case "interval":
            return _interval(model, query, text(current))
    return None


def _interval(model: Mapping[str, Any], query: str, current: str) -> str:
    offered = [one.strip().strip("\"'") for one in query.split(",") if one.strip()]
    if current.startswith("$__auto"):
        current = _AUTO
    if current == _AUTO and model.get("auto"):
        points = model.get("auto_count")
        wanted = points if isinstance(points, int) and 0 < points <= RANGE_SECONDS else _AUTO_POINTS
        return words(interval_ms(wanted, text(model.get("auto_min")) or "10s"))
    return current if current in offered or not offered else offered[0]


def _offered(name: str, model: Mapping[str, Any], sources: Sources, metadata: Metadata, known: Variables) -> Variable:
    try:
        options = _options(model, sources, metadata, known)
    except (RefusedError, ValueError) as error:
        # The page goes on with what the file has.
        return replace(_chosen(name, {**model, "type": "custom"}, []), problem=f"variable {name}: {one_line(error)}")
    return _chosen(name, {**model, "allValue": interpolate(text(model.get("allValue")), known)}, options)


def _options(model: Mapping[str, Any], sources: Sources, metadata: Metadata, known: Variables) -> list[Option]:
    query = model.get("query")
    if model.get("type") == "custom":
        return custom_options(str(interpolate(text(query), known)))
    expression = str(interpolate(text(model.get("regex")), known, regex))
    if model.get("type") == "datasource":
        pattern = expression_of(expression)[0] if expression else None
        of_kind = sources.of_kind(text(query))
        return [Option(one.name, one.uid) for one in of_kind if not pattern or pattern.search(one.name)]
    source = sources.of(model.get("datasource"), known)
    written = text(query) or text(mapping(query).get("query")) or text(mapping(query).get("rawSql"))
    if not written:
        return []
    asked = str(interpolate(written, known, source.format))
    return options_of(metadata.options(source, asked), expression, model.get("sort"))


def _chosen(name: str, model: Mapping[str, Any], options: list[Option]) -> Variable:
    multi, all_too, instead = bool(model.get("multi")), bool(model.get("includeAll")), text(model.get("allValue"))
    quoted = multi or all_too
    current, shown = _current(model)
    wanted = (current,) if isinstance(current, str) else current
    values = tuple(option.value for option in options)
    everything = Variable(name=name, value=values, shown="All", everything=True, instead=instead, quoted=quoted)
    if not options:
        problem = f"variable {name} has no values"
        if all_too and (model.get("type") != "custom" or wanted[:1] == (ALL,)):
            return replace(everything, problem="" if instead else problem)
        kept = current if model.get("type") == "custom" else (() if multi else "")
        return Variable(name=name, value=kept, shown=shown, quoted=quoted, problem="" if kept else problem)
    if all_too and wanted[:1] == (ALL,):
        return everything
    labels = {option.value: option.label for option in options}
    if multi:
        kept = tuple(value for value in wanted if value in labels)
        if not kept and all_too:
            return everything
        kept = kept or values[:1]
        return Variable(name=name, value=kept, shown=" + ".join(labels[one] for one in kept), quoted=quoted)
    matching = [option for option in options if option.value in wanted[:1]] or [
        option for option in options if shown and option.label == shown
    ][-1:]
    if not matching and all_too:
        return everything
    option = (matching or options)[0]
    return Variable(name=name, value=option.value, shown=option.label, quoted=quoted)


def _current(model: Mapping[str, Any]) -> tuple[str | tuple[str, ...], str]:
    current = mapping(model.get("current"))
    value, shown = current.get("value"), current.get("text")
    several = tuple(text(one) for one in listing(value)) if isinstance(value, list) else text(value)
    return several, text(shown) or " + ".join(text(one) for one in listing(shown))
