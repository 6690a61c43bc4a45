"""A dashboard's panels: the queries that a browser would send for them, and what came back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEP_MS = 15000
_MOST_POINTS = 100
RANGE = "5m"
# What Grafana's own page puts in the place of its built-in variables, for a range of five minutes.
_BUILT_IN = {
    "__rate_interval": "1m",
    "__interval": "15s",
    "__interval_ms": str(_STEP_MS),
    "__range": RANGE,
    "__range_s": "300",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_EVERYTHING = ".*"

Variables = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class PanelState:
    """One panel of one dashboard.

    Attributes:
        dashboard: Title of the dashboard.
        panel: Title of the panel.
        has_data: Whether at least one of its queries returned a row.
        reason: What a query's failure said; empty where none failed.
    """

    dashboard: str
    panel: str
    has_data: bool
    reason: str

    @property
    def name(self) -> str:
        """Dashboard and panel, and why it is empty where that is known."""
        return f"{self.dashboard} / {self.panel}" + (f" ({self.reason})" if self.reason else "")


def with_queries(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The panels that ask for data, those in collapsed rows too."""
    for panel in dashboard.get("panels", []):
        for found in [panel, *(panel.get("panels") or [])]:
            if any(not target.get("hide") for target in found.get("targets") or []):
                yield found


def variables_of(dashboard: Mapping[str, Any]) -> Variables:
    """Values of a dashboard's variables as it opens: what is chosen in its file, else everything."""
    values: dict[str, str | Sequence[str]] = dict(_BUILT_IN)
    for variable in dashboard.get("templating", {}).get("list", []):
        current = (variable.get("current") or {}).get("value")
        chosen = [str(value) for value in (current if isinstance(current, list) else [current]) if value]
        if not chosen or "$__all" in chosen:
            values[variable["name"]] = str(variable.get("allValue") or _EVERYTHING)
        else:
            values[variable["name"]] = chosen if isinstance(current, list) else chosen[0]
    return values


def queries_of(panel: Mapping[str, Any], variables: Variables) -> list[dict[str, Any]]:
    """What a browser posts to ``/api/ds/query`` for a panel."""
    return [
        {
            **interpolate(target, variables),
            "datasource": interpolate(target.get("datasource") or panel.get("datasource"), variables),
            "intervalMs": _STEP_MS,
            "maxDataPoints": _MOST_POINTS,
        }
        for target in panel["targets"]
        if not target.get("hide")
    ]


def interpolate(value: Any, variables: Variables) -> Any:
    """Put values in the place of ``$name``, ``${name}`` and ``${name:format}``, at any depth.

    What is no variable of the dashboard stays: Grafana's server knows more of them, such as ``$__timeFilter``.
    """
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, variables), value)
    return value


def _value(match: re.Match[str], variables: Variables) -> str:
    value = variables.get(match[1] or match[3])
    return match[0] if value is None else _formatted(value, match[2] or "")


def _formatted(value: str | Sequence[str], form: str) -> str:
    """One value as it is; several as the form asks, by default as an alternative of a regular expression."""
    several = [value] if isinstance(value, str) else list(value)
    if form in ("sqlstring", "singlequote"):
        return ",".join("'" + one.replace("'", "''") + "'" for one in several)
    if len(several) == 1:
        return several[0]
    if form in ("csv", "raw"):
        return ",".join(several)
    joined = "|".join(several)
    return joined if form == "pipe" else f"({joined})"


def state_of(dashboard: str, panel: Mapping[str, Any], answer: Any, *, refused: str) -> PanelState:
    """What the answer to a panel's queries says.

    Args:
        dashboard: Title of the dashboard.
        panel: The panel.
        answer: Body of the answer.
        refused: Why the whole request failed; empty where it did not.
    """
    results = answer.get("results", {}) if isinstance(answer, dict) else {}
    rows = sum(
        len(frame["data"]["values"][0])
        for result in results.values()
        for frame in result.get("frames") or []
        if (frame.get("data") or {}).get("values")
    )
    reasons = sorted({str(result["error"]) for result in results.values() if result.get("error")})
    return PanelState(
        dashboard=dashboard,
        panel=str(panel.get("title") or f"panel {panel.get('id', '?')}"),
        has_data=rows > 0,
        reason="; ".join(reasons) or refused,
    )
