"""Not Grafana: answers a viewer as a test wants it, on loopback over https with a certificate that nobody signed.

``answer`` gives the same answers without a connection, for the many that a property is tried with.
"""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import unquote

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from stacks.outputs import BaseOutputs
from tests.equipment.fakes.series import Series, metadata

FILLED: list[dict[str, Any]] = [{"data": {"values": [[1_700_000_000_000], [1.0]]}}]
"""Frames with one row."""
OWN = ("pgai-activity", "pgai-tables")
SOURCES = (
    {"uid": "P7A0D6631BB10B34F", "name": "Prometheus", "type": "prometheus", "isDefault": True, "jsonData": {}},
    {"uid": "P031DD592934B2F1F", "name": "PostgreSQL", "type": "grafana-postgresql-datasource", "jsonData": {}},
)


def _dashboard(uid: str) -> dict[str, Any]:
    title = uid.removeprefix("pgai-").title()
    return {"uid": uid, "title": title, "panels": [{"title": "Curve", "targets": [{"refId": "A", "expr": title}]}]}


@dataclass
class FakeGrafana:
    """Dashboards whose panels are filled, over which a curve can be asked for.

    Attributes:
        directory: Gets the certificate.
        host: Name in the certificate.
        closed: Dashboards whose page fails.
        empty: Dashboards whose panel has no data, by their title.
        login_needed: Whether anonymous visitors are turned away.
        editable: Whether they may save.
        broken: Connections that are still to be closed without an answer.
        curve: Transactions per second at a Unix time; None where there is no sample.
        dashboards: The dashboards, by their uid; by default two of the project's own.
        sources: The data sources, as the page gets them.
        series: Series that label values are taken from.
        answer: Result of a query of a panel or variable; None for one row, or the curve.
        odd: Path → status and content (bytes as they are) of answers as no Grafana gives them.
        asked: What has been asked for without a connection: method, path, body.
    """

    directory: Path
    host: str = "preview-a.localhost"
    closed: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    login_needed: bool = False
    editable: bool = False
    broken: int = 0
    curve: Callable[[float], float | None] = lambda at: 10.0 if at // 120 % 2 else 100.0
    dashboards: dict[str, dict[str, Any]] = field(default_factory=lambda: {uid: _dashboard(uid) for uid in OWN})
    sources: list[dict[str, Any]] = field(default_factory=lambda: [dict(source) for source in SOURCES])
    series: Series = ({"__name__": "up"},)
    answer: Callable[[dict[str, Any]], Any] | None = None
    odd: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        outer = self
        self.certificate = self.directory / "certificate.pem"
        key = self.directory / "key.pem"
        _make_certificate(self.host, self.certificate, key)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._respond({})

            def do_POST(self) -> None:
                self._respond(loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _respond(self, asked: dict[str, Any]) -> None:
                if outer.broken:
                    outer.broken -= 1
                    self.close_connection = True
                    return
                status, content = outer._answer(self.path, asked)
                body = content if isinstance(content, bytes) else dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Port on loopback."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Public address."""
        return f"https://{self.host}:{self.port}"

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """The same answers without a connection."""
        self.asked.append((method, path, json))
        status, content = self._answer(path, loads(dumps(json, allow_nan=False)) or {})
        return httpx.Response(status, content=content if isinstance(content, bytes) else dumps(content))

    def _answer(self, path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        uid = unquote(path.rsplit("/", 1)[-1])
        if self.login_needed:
            return 401, {"message": "Unauthorized"}
        if path in self.odd:
            return self.odd[path]
        if path == "/api/dashboards/db":
            return (412, {"message": "exists"}) if self.editable else (403, {"message": "Forbidden"})
        if path == "/api/ds/query":
            return self._results(asked)
        if path == "/api/frontend/settings":
            return 200, {"datasources": {one["name"]: one for one in self.sources}, "defaultDatasource": "Prometheus"}
        if "/resources/api/v1/" in path:
            return 200, metadata(self.series, path.partition("/resources/api/v1/")[2], query)
        if path.startswith("/api/search"):
            return 200, [{"uid": uid, "title": one.get("title", "")} for uid, one in self.dashboards.items()]
        if path.startswith("/api/dashboards/uid/"):
            return (200, {"dashboard": self.dashboards[uid]}) if uid in self.dashboards else (404, {"message": "gone"})
        return (500 if uid in self.closed else 200), {}

    def _results(self, asked: dict[str, Any]) -> tuple[int, Any]:
        results: dict[str, Any] = {}
        for query in asked["queries"]:
            answer = self.answer(query) if self.answer else {"frames": self._frames(asked, query)}
            results[query.get("refId", "A")] = answer
        failed = any(isinstance(answer, dict) and answer.get("error") for answer in results.values())
        return (400 if failed else 200), {"results": results}

    def _frames(self, asked: dict[str, Any], query: dict[str, Any]) -> list[dict[str, Any]]:
        if query.get("expr") in self.empty:
            return []
        if asked["to"] == "now":
            return FILLED
        step = int(query["intervalMs"])
        times = range(int(asked["from"]), int(asked["to"]), step)
        samples = [(at, value) for at in times if (value := self.curve(at / 1000)) is not None]
        return [{"data": {"values": [[at for at, _ in samples], [value for _, value in samples]]}}] if samples else []


def base(port: int, http_port: int = 80, kind: Literal["local", "hetzner"] = "local") -> BaseOutputs:
    """What a base says whose reverse proxy is at a port of this machine."""
    return BaseOutputs(
        kind=kind,
        docker_host="unix:///nowhere",
        host_directory="/nowhere",
        edge_network="traefik-public",
        domain="localhost",
        scheme="https",
        port=port,
        http_port=http_port,
        max_previews=2,
        min_free_disk_gb=5,
        min_available_memory_gb=1,
        address="127.0.0.1",
    )


def _make_certificate(host: str, certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
