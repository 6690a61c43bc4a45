"""Asks a preview's Grafana, as a viewer would, whether its dashboards show anything."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from stacks.operations.errors import OperationError
from stacks.outputs import BaseOutputs

DATA_WITHIN_SECONDS = 120
_REQUEST_TIMEOUT_SECONDS = 15.0
_RANGE_MS = 5 * 60 * 1000
# What Grafana's own page puts in the place of its built-in variables, for a range of five minutes.
_BUILT_IN = {
    "__rate_interval": "1m",
    "__interval": "15s",
    "__interval_ms": "15000",
    "__range": "5m",
    "__range_s": "300",
}


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


class Viewer:
    """An anonymous viewer of one preview.

    Args:
        url: Public address of the preview.
        base: Its base; on the local one the certificate is the reverse proxy's own and the name needs no DNS.
    """

    def __init__(self, url: str, base: BaseOutputs) -> None:
        host = urlsplit(url).hostname or ""
        self._local = base.kind == "local"
        address = f"{base.scheme}://127.0.0.1:{base.port}" if self._local else url
        # Nobody signs for a name below .localhost; the connection does not leave this machine.
        verify = _trust_anything() if self._local else ssl.create_default_context()
        self._client = httpx.Client(
            base_url=address, verify=verify, headers={"Host": urlsplit(url).netloc}, timeout=_REQUEST_TIMEOUT_SECONDS
        )
        self._extensions = {"sni_hostname": host}

    def get(self, path: str) -> Any:
        """GET a path of Grafana's API."""
        response = self._client.get(path, extensions=self._extensions)
        response.raise_for_status()
        return response.json()

    def panels(self) -> list[PanelState]:
        """Every panel that asks for data, of every dashboard.

        Raises:
            httpx.HTTPError: Grafana does not answer.
        """
        found: list[PanelState] = []
        for row in self.get("/api/search?type=dash-db"):
            dashboard = self.get(f"/api/dashboards/uid/{row['uid']}")["dashboard"]
            variables = {**_BUILT_IN, **_defaults(dashboard)}
            found += [self._panel(str(row["title"]), panel, variables) for panel in _with_queries(dashboard)]
        return found

    def _panel(self, dashboard: str, panel: dict[str, Any], variables: dict[str, str]) -> PanelState:
        queries = [
            {
                **_interpolate(target, variables),
                "datasource": target.get("datasource") or panel.get("datasource"),
                "intervalMs": 15000,
                "maxDataPoints": 100,
            }
            for target in panel["targets"]
            if not target.get("hide")
        ]
        response = self._client.post(
            "/api/ds/query",
            json={"queries": queries, "from": f"now-{_RANGE_MS // 60000}m", "to": "now"},
            extensions=self._extensions,
        )
        results = response.json().get("results", {}) if response.content else {}
        rows = sum(
            len(frame["data"]["values"][0])
            for result in results.values()
            for frame in result.get("frames", [])
            if frame.get("data", {}).get("values")
        )
        reasons = [str(result["error"]) for result in results.values() if result.get("error")]
        return PanelState(
            dashboard=dashboard,
            panel=str(panel.get("title", "")),
            has_data=rows > 0,
            reason="; ".join(reasons) or ("" if response.is_success else f"HTTP {response.status_code}"),
        )


def wait_for_data(
    viewer: Viewer, on_progress: Callable[[int, int], None], *, seconds: float = DATA_WITHIN_SECONDS
) -> list[PanelState]:
    """Wait until every panel of every dashboard has data.

    Args:
        viewer: Who asks.
        on_progress: Told how many of how many panels have data.
        seconds: Deadline.

    Returns:
        The panels, all with data.

    Raises:
        OperationError: The deadline passed; names the panels that stayed empty.
    """
    last: list[PanelState] = []

    def ask() -> list[PanelState]:
        nonlocal last
        try:
            last = viewer.panels()
        except (httpx.HTTPError, ValueError, KeyError):
            return []
        on_progress(sum(panel.has_data for panel in last), len(last))
        return last

    try:
        return Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_fixed(1),
            retry=retry_if_result(lambda found: not found or not all(panel.has_data for panel in found)),
        )(ask)
    except RetryError:
        empty = [panel for panel in last if not panel.has_data]
        names = ", ".join(f"{panel.dashboard} / {panel.panel}" for panel in empty) or "no dashboard answered"
        reasons = "; ".join(sorted({panel.reason for panel in empty if panel.reason}))
        raise OperationError(
            f"After {seconds:.0f} s these panels had no data: {names}{f' ({reasons})' if reasons else ''}. "
            "Look at the containers' logs (docker logs) and deploy again."
        ) from None


def _with_queries(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard.get("panels", []):
        nested = panel.get("panels") or []
        for found in [panel, *nested]:
            if found.get("targets"):
                yield found


def _defaults(dashboard: dict[str, Any]) -> dict[str, str]:
    values: dict[str, str] = {}
    for variable in dashboard.get("templating", {}).get("list", []):
        current = (variable.get("current") or {}).get("value")
        first = current[0] if isinstance(current, list) and current else current
        # A variable without a chosen value stands for all of them.
        values[variable["name"]] = ".*" if first in (None, "", "$__all") else str(first)
    return values


def _interpolate(value: Any, variables: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_interpolate(item, variables) for item in value]
    if isinstance(value, str):
        return re.sub(
            r"\$\{(\w+)(?::\w+)?\}|\$(\w+)",
            lambda match: variables.get(match[1] or match[2], match[0]),
            value,
        )
    return value


def _trust_anything() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
