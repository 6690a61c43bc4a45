"""Runs the Grafana stand-in for a test, and a Prometheus stand-in that answers what a test wants."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.equipment.ports import free_port
from tests.equipment.programs import Program, http_get, wait_for

PASSWORD = "pw-" + secrets.token_hex(8)
SINK_PASSWORD = "sink-" + secrets.token_hex(8)


class PrometheusStandIn:
    """Not Prometheus: an HTTP server that answers every query with one canned series and remembers what was asked.

    Attributes:
        asked: Method, path and parameters of each request.
        answer: What every request is answered with.
        values: Names of labels → their values, answered in the place of ``answer``.
    """

    def __init__(self) -> None:
        """Listen on a free loopback port."""
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.answer: dict[str, Any] = {
            "status": "success",
            "data": {
                "resultType": "matrix",
                "result": [
                    {"metric": {"__name__": "tps", "db": "one"}, "values": [[1700000000, "1.5"], [1700000010, "NaN"]]}
                ],
            },
        }
        self.values: dict[str, list[str]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._respond()

            def do_POST(self) -> None:
                self._respond()

            def do_PUT(self) -> None:
                self._respond()

            def do_DELETE(self) -> None:
                self._respond()

            def _respond(self) -> None:
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                outer.asked.append((self.command, address.path, parse_qs(address.query) | parse_qs(body)))
                label = re.fullmatch(r"/api/v1/label/(\w+)/values", address.path)
                known = outer.values.get(label[1]) if label else None
                answer = outer.answer if known is None else {"status": "success", "data": known}
                content = json.dumps(answer).encode()
                self.send_response(200 if answer["status"] == "success" else 422)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class Grafana:
    """The running program on its own provisioning folder; dashboards are read again every second."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        *,
        prometheus: str,
        postgres: str = "127.0.0.1:1",
        providers: str | None = None,
        ini: str = "",
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Write the provisioning files and start; the Grafana of a preview is set up in the same way.

        Args:
            binary: The program.
            folder: For its files.
            prometheus: Address of the Prometheus data source.
            postgres: Host and port of the PostgreSQL data source.
            providers: The file of dashboard providers, with ``DASHBOARDS`` for the folder; else one provider of all.
            ini: Its grafana.ini.
            env: Variables beside those of a preview.
        """
        self.dashboards = folder / "dashboards"
        self.plugins = folder / "data" / "plugins"
        provisioning = folder / "provisioning"
        for each in (self.dashboards, self.plugins, provisioning / "datasources", provisioning / "dashboards"):
            each.mkdir(parents=True, exist_ok=True)
        (folder / "admin").write_text(PASSWORD + "\n")
        (folder / "sink").write_text(SINK_PASSWORD + "\n")
        (folder / "grafana.ini").write_text(ini)
        (provisioning / "datasources" / "all.yml").write_text(_sources(postgres, folder / "sink"))
        (provisioning / "dashboards" / "all.yaml").write_text(
            (providers or PROVIDER).replace("DASHBOARDS", str(self.dashboards))
        )
        self.write_dashboard("first", "First dashboard", tags=["pgai"])
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.program = Program(
            [str(binary), "server"],
            folder,
            {
                "GF_PATHS_CONFIG": str(folder / "grafana.ini"),
                "GF_PATHS_PROVISIONING": str(provisioning),
                "GF_PATHS_DATA": str(folder / "data"),
                "GF_PATHS_PLUGINS": str(self.plugins),
                "GF_SECURITY_ADMIN_PASSWORD__FILE": str(folder / "admin"),
                "GF_AUTH_ANONYMOUS_ENABLED": "true",
                "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
                "GF_SERVER_HTTP_PORT": str(port),
                "GF_LOG_LEVEL": "debug",
                "PROMETHEUS": prometheus,
                **(env or {}),
            },
        )
        wait_for("Grafana answers", lambda: http_get(f"{self.url}/api/health")[0] == 200, 60)

    def write_dashboard(self, uid: str, title: str, *, folder: str = ".", **more: object) -> Path:
        """Write a dashboard's file, below the dashboards' folder."""
        path = self.dashboards / folder / f"{uid}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"uid": uid, "title": title, "panels": [], **more}))
        return path

    def visitor(self) -> httpx.Client:
        """A client that is not signed in and follows no redirect."""
        return httpx.Client(base_url=self.url, timeout=10)

    def admin(self) -> httpx.Client:
        """A client that sends the administrator's password."""
        return httpx.Client(base_url=self.url, timeout=10, auth=("admin", PASSWORD))

    def shown(self) -> dict[str, str | None]:
        """The dashboards that a visitor finds: uid → title of the folder."""
        found = self.visitor().get("/api/search", params={"type": "dash-db"}).json()
        return {entry["uid"]: entry.get("folderTitle") for entry in found}


PROVIDER = """
apiVersion: 1
providers:
  - {name: all, type: file, updateIntervalSeconds: 1, options: {path: DASHBOARDS}}
"""


def _sources(postgres: str, password: Path) -> str:
    return f"""
apiVersion: 1
datasources:
  - name: PGWatch-Prometheus
    type: prometheus
    url: $PROMETHEUS
    isDefault: true
    jsonData: {{timeInterval: 10s, customQueryParameters: latency_offset=1s}}
  - name: PGWatch-PostgreSQL
    type: postgres
    uid: P031DD592934B2F1F
    url: {postgres}
    user: grafana
    jsonData: {{database: measurements, sslmode: disable}}
    secureJsonData:
      password: $__file{{{password}}}
  - name: Infinity
    type: yesoreyeram-infinity-datasource
    uid: aerffb0z8rjlsc
"""


def install_plugin(directory: Path, name: str, kind: str, *, signed: bool = True) -> None:
    """Put a plugin into a plugin directory, as its archive would be unpacked there."""
    folder = directory / name
    folder.mkdir(parents=True)
    (folder / "plugin.json").write_text(
        json.dumps({"id": name, "type": kind, "name": name.title(), "info": {"version": "1.0.0"}})
    )
    if signed:
        (folder / "MANIFEST.txt").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n")
