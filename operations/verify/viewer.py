"""Asks a preview's Grafana, as a viewer would, whether its dashboards show anything."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from operations.errors import OperationError
from operations.machine.entrance import Entrance
from operations.verify import browsing
from operations.verify.answers import ANSWER_SECONDS, RefusedError, body_of, listing, mapping, mappings
from operations.verify.panels import PanelState
from stacks.proxy import usable_proxy

_ATTEMPTS = 3
# By which requests of the project's own are known, on the machine too: nobody looks.
_OWN_REQUESTS = "pgai-preview"
PROMETHEUS = "P7A0D6631BB10B34F"
"""Grafana's id of VictoriaMetrics; part of the layout that branches keep to."""


class Viewer:
    """An anonymous viewer of one preview.

    Args:
        url: Public address of the preview.
        entrance: How one gets there.

    Raises:
        OperationError: The caller's proxy is none that can be used.
    """

    def __init__(self, url: str, entrance: Entrance) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        with usable_proxy(f"The preview {host} cannot be asked", OperationError):
            self._client = httpx.Client(
                base_url=entrance.url(parts.scheme, host, entrance.port),
                verify=entrance.tls(),
                headers={"Host": parts.netloc, "User-Agent": _OWN_REQUESTS},
                timeout=ANSWER_SECONDS,
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

    def dashboards(self) -> list[dict[str, str]]:
        """What Grafana lists to a viewer: ``uid`` and ``title`` of every dashboard.

        Raises:
            RefusedError: It does not list them.
            httpx.HTTPError: It does not answer.
        """
        return browsing.dashboards_of(self)

    def dashboard(self, uid: str) -> Mapping[str, Any]:
        """One dashboard.

        Raises:
            RefusedError: Grafana does not give it.
            httpx.HTTPError: It does not answer.
        """
        return browsing.dashboard_of(self, uid)

    def panels(self) -> list[PanelState]:
        """Every panel that asks for data, of every dashboard.

        Raises:
            RefusedError: Grafana does not list its dashboards.
            httpx.HTTPError: It does not answer.
        """
        return browsing.panels_of(self)

    def series(self, expression: str, start: dt.datetime, end: dt.datetime, step: int) -> list[tuple[float, float]]:
        """Time and value of one series of VictoriaMetrics.

        Args:
            expression: In PromQL; gives one series.
            start: First time.
            end: Last time.
            step: Seconds between two values.

        Raises:
            RefusedError: Grafana refuses the query, or the answer is no series.
            httpx.HTTPError: It does not answer.
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
        moments = {name: str(int(at.timestamp() * 1000)) for name, at in (("from", start), ("to", end))}
        response = self.ask("POST", "/api/ds/query", json={"queries": [query], **moments})
        if not response.is_success:
            raise RefusedError(f"HTTP {response.status_code}")
        frames = list(mappings(mapping(mapping(mapping(body_of(response)).get("results")).get("A")).get("frames")))
        columns = listing(mapping(frames[0].get("data")).get("values")) if frames else []
        if not columns:
            return []
        times, values = (listing(column) for column in (*columns, [])[:2])
        # What is no number, such as 0/0, arrives as null.
        found = [(at, value) for at, value in zip(times, values, strict=False) if value is not None]
        if not all(isinstance(one, int | float) and math.isfinite(one) for sample in found for one in sample):
            raise RefusedError("the answer is no series of numbers")
        return [(at / 1000, float(value)) for at, value in found]
