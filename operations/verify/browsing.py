"""Opens every dashboard as a browser does, and tells of each panel whether it has data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from operations.verify.answers import Asks, Patient, RefusedError, body_of, fetched, mapping, mappings, one_line, text
from operations.verify.interpolation import Variable, Variables
from operations.verify.metadata import Metadata
from operations.verify.panels import PanelState, Query, Shown, rows_of, shown
from operations.verify.reasons import reason_of
from operations.verify.sources import Sources, sources_of
from operations.verify.timing import RANGE_SECONDS
from operations.verify.variables import resolve


def dashboards_of(asks: Asks) -> list[dict[str, str]]:
    """What Grafana lists to a viewer: ``uid`` and ``title`` of every dashboard.

    Raises:
        RefusedError: It does not list them.
        httpx.HTTPError: It does not answer.
    """
    found = fetched(asks, "/api/search?type=dash-db")
    if not isinstance(found, list):
        raise RefusedError("the answer is no list of dashboards")
    return [
        {"uid": text(row["uid"]), "title": text(row.get("title"))} for row in mappings(found) if text(row.get("uid"))
    ]


def dashboard_of(asks: Asks, uid: str) -> Mapping[str, Any]:
    """One dashboard.

    Raises:
        RefusedError: Grafana does not give it.
        httpx.HTTPError: It does not answer.
    """
    found = mapping(fetched(asks, path_of(uid))).get("dashboard")
    if not isinstance(found, dict):
        raise RefusedError("the answer is no dashboard")
    return found


def path_of(uid: str) -> str:
    """Where Grafana gives a dashboard."""
    return f"/api/dashboards/uid/{quote(uid, safe='', errors='replace')}"


def page_of(uid: str) -> str:
    """Where it shows one."""
    return f"/d/{quote(uid, safe='', errors='replace')}"


def panels_of(asks: Asks) -> list[PanelState]:
    """Every panel that asks for data, of every dashboard.

    Raises:
        RefusedError: Grafana does not list its dashboards.
        httpx.HTTPError: It does not answer.
    """
    found: list[PanelState] = []
    # One question that is answered late hides nothing of all the others.
    asks = Patient(asks)
    sources, metadata = sources_of(asks), Metadata(asks)
    for row in dashboards_of(asks):
        uid, title = row["uid"], row["title"]
        try:
            found += _of_dashboard(asks, dashboard_of(asks, uid), sources, metadata, uid, title)
        except (RefusedError, ValueError, RecursionError) as error:
            reason = f"the dashboard cannot be read: {one_line(error)}"
            found.append(PanelState(uid=uid, dashboard=title, panel="all panels", has_data=False, reason=reason))
    return found


def _of_dashboard(
    asks: Asks, dashboard: Mapping[str, Any], sources: Sources, metadata: Metadata, uid: str, title: str
) -> Iterator[PanelState]:
    variables = resolve(dashboard, sources, metadata, _built_in(title))
    for panel in shown(dashboard, variables, sources):
        try:
            results, refused = _answers(asks, panel)
            visible = [query.ref for query in panel.queries if not query.hidden]
            has_data = any(rows_of(result) for ref, result in results.items() if ref in visible)
            reason, counted = ("", True) if has_data else reason_of(panel, results, refused, metadata)
        except (ValueError, RecursionError) as error:
            # What no query can be made of: text that is no Unicode, NaN, objects in objects without end.
            has_data, reason, counted = False, f"it cannot be asked: {one_line(error)}", True
        yield PanelState(uid=uid, dashboard=title, panel=panel.title, has_data=has_data, reason=reason, counted=counted)


def _answers(asks: Asks, panel: Shown) -> tuple[dict[str, Any], str]:
    """Results of a panel's queries by their letter, and why a request failed as a whole."""
    results: dict[str, Any] = {}
    refused = ""
    for queries in _requests(panel):
        wanted = {"queries": [dict(query.body) for query in queries], "from": panel.start, "to": panel.end}
        try:
            response = asks.ask("POST", "/api/ds/query", json=wanted)
        except RefusedError as error:
            refused = str(error)
            continue
        body = mapping(body_of(response))
        results.update(mapping(body.get("results")))
        if not response.is_success:
            refused = one_line(text(body.get("message"))) or f"HTTP {response.status_code}"
        elif not body:
            refused = "the answer is no JSON"
    return results, refused


def _requests(panel: Shown) -> list[list[Query]]:
    """A request for each data source, so that one that fails hides no other; one for all where they are computed."""
    if any(query.is_expression for query in panel.queries):
        return [list(panel.queries)]
    groups: dict[str, list[Query]] = {}
    for query in panel.queries:
        # A data source that Grafana does not have is not asked.
        if query.source.listed:
            groups.setdefault(query.source.uid, []).append(query)
    return list(groups.values())


def _built_in(title: str) -> Variables:
    end = int(time.time() * 1000)
    values = {
        "__from": str(end - RANGE_SECONDS * 1000),
        "__to": str(end),
        "__dashboard": title,
        "__org": "1",
        "__user": "0",
        "__timezone": "utc",
    }
    return {name: Variable(name=name, value=value) for name, value in values.items()}
