"""Asks a preview's Grafana, as a viewer would, whether its dashboards show anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
)

from operations.errors import OperationError
from operations.machine.entrance import Entrance
from operations.verify.panels import RANGE, PanelState, queries_of, state_of, variables_of, with_queries

DATA_WITHIN_SECONDS = 120
_REQUEST_TIMEOUT_SECONDS = 15.0
_ATTEMPTS = 3
PROMETHEUS = "P7A0D6631BB10B34F"
"""Grafana's id of VictoriaMetrics; part of the layout that branches keep to."""


class Viewer:
    """An anonymous viewer of one preview.

    Args:
        url: Public address of the preview.
        entrance: How one gets there.
    """

    def __init__(self, url: str, entrance: Entrance) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        self._client = httpx.Client(
            base_url=f"{parts.scheme}://{entrance.server(host)}:{entrance.port}",
            verify=entrance.tls(),
            headers={"Host": parts.netloc},
            timeout=_REQUEST_TIMEOUT_SECONDS,
            # Loopback and a preview's own address are asked directly, whatever the caller's proxy.
            trust_env=entrance.certified,
        )
        self._extensions = {"sni_hostname": host}

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """Send one request, whatever the answer; again where the connection broke before all of it was there.

        Raises:
            httpx.HTTPError: There is no answer.
        """
        # Over HTTP/1.1 Traefik, whose proxy is Go's, cuts an answer that comes before it has noticed the question's end
        # (golang/go#40747): one in 7,000 on two cores. Browsers speak HTTP/2. Nothing that a viewer may do changes
        # anything, so nothing is done twice.
        broken = retry_if_exception_type((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError))
        attempts = Retrying(retry=broken, stop=stop_after_attempt(_ATTEMPTS), reraise=True)
        return attempts(self._client.request, method, path, json=json, extensions=self._extensions)

    def get(self, path: str) -> Any:
        """GET a path of Grafana's API."""
        response = self.ask("GET", path)
        response.raise_for_status()
        return response.json()

    def dashboards(self) -> list[dict[str, Any]]:
        """What Grafana lists to a viewer: ``uid`` and ``title`` of every dashboard, among others."""
        found: list[dict[str, Any]] = self.get("/api/search?type=dash-db")
        return found

    def panels(self) -> list[PanelState]:
        """Every panel that asks for data, of every dashboard.

        Raises:
            httpx.HTTPError: Grafana does not answer.
        """
        found: list[PanelState] = []
        for row in self.dashboards():
            dashboard = self.get(f"/api/dashboards/uid/{row['uid']}")["dashboard"]
            variables = variables_of(dashboard)
            for panel in with_queries(dashboard):
                response = self._query(queries_of(panel, variables), f"now-{RANGE}", "now")
                found.append(
                    state_of(
                        str(row["title"]),
                        panel,
                        _body(response),
                        refused="" if response.is_success else f"HTTP {response.status_code}",
                    )
                )
        return found

    def series(self, expression: str, start: dt.datetime, end: dt.datetime, step: int) -> list[tuple[float, float]]:
        """Time and value of one series of VictoriaMetrics.

        Args:
            expression: In PromQL; gives one series.
            start: First time.
            end: Last time.
            step: Seconds between two values.

        Raises:
            httpx.HTTPError: Grafana does not answer, or refuses the query.
        """
        query = {
            "refId": "A",
            "datasource": {"type": "prometheus", "uid": PROMETHEUS},
            "expr": expression,
            "range": True,
            "instant": False,
            "intervalMs": step * 1000,
            "maxDataPoints": int((end - start).total_seconds() // step) + 1,
        }
        response = self._query([query], *(str(int(moment.timestamp() * 1000)) for moment in (start, end)))
        response.raise_for_status()
        frames = response.json()["results"]["A"].get("frames") or []
        if not frames or not frames[0]["data"]["values"]:
            return []
        times, values = frames[0]["data"]["values"][:2]
        # What is no number, such as 0/0, arrives as null.
        return [(at / 1000, float(value)) for at, value in zip(times, values, strict=True) if value is not None]

    def _query(self, queries: list[dict[str, Any]], start: str, end: str) -> httpx.Response:
        return self.ask("POST", "/api/ds/query", json={"queries": queries, "from": start, "to": end})


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
        names = ", ".join(panel.name for panel in last if not panel.has_data) or "no dashboard answered"
        raise OperationError(
            f"After {seconds:.0f} s these panels had no data: {names}. "
            "Look at the containers' logs (docker logs) and deploy again."
        ) from None


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return {}
