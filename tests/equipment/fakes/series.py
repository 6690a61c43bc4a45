"""Not VictoriaMetrics: series that answer what Grafana's page asks about labels, by the selectors of PromQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

Series = Sequence[Mapping[str, str]]
"""Labels of each series; its metric is ``__name__``."""
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?", re.DOTALL)
_MATCHER = re.compile(r"""(\w+)\s*(=~|!~|!=|=)\s*"((?:\\.|[^"\\])*)"|(\w+)\s*(=~|!~|!=|=)\s*'((?:\\.|[^'\\])*)'""")


def metadata(series: Series, path: str, query: str) -> Any:
    """Answer to a question below ``/api/v1/``: ``labels``, ``label/NAME/values``, ``series``."""
    selectors = parse_qs(query).get("match[]", ["{}"])
    chosen = [labels for labels in series if any(selected(labels, selector) for selector in selectors)]
    if path == "series":
        return {"status": "success", "data": [dict(labels) for labels in chosen]}
    if path == "labels":
        return {"status": "success", "data": sorted({name for labels in chosen for name in labels})}
    if path.startswith("label/") and path.endswith("/values"):
        name = unquote(path.split("/")[1])
        return {"status": "success", "data": sorted({labels[name] for labels in chosen if name in labels})}
    return {"status": "error", "error": f"unknown path {path}"}


def selected(labels: Mapping[str, str], selector: str) -> bool:
    """Whether a selector such as ``up{job="a"}`` takes a series."""
    match = _SELECTOR.fullmatch(selector.strip())
    if match is None:
        return False
    if match[1] and labels.get("__name__") != match[1]:
        return False
    return all(_holds(labels, [part for part in found if part]) for found in _MATCHER.findall(match[2] or ""))


def _holds(labels: Mapping[str, str], found: Sequence[str]) -> bool:
    name, operator, *rest = found
    wanted = re.sub(r"\\(.)", r"\1", rest[0] if rest else "")
    value = labels.get(name, "")
    same = bool(re.fullmatch(wanted, value)) if "~" in operator else value == wanted
    return same != operator.startswith("!")
