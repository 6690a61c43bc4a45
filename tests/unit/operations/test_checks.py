"""Each check finds what it is there to find; Grafana is a fake here, the real path is in ``tests/engine``."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest

from operations.errors import OperationError
from operations.machine.access import machine_of
from operations.machine.entrance import Entrance
from operations.verify import checks, verdict
from operations.verify.checks import Address
from operations.verify.viewer import Viewer
from stacks.outputs import Node
from tests.equipment.fakes.grafana import FakeGrafana, base

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def grafana(tmp_path: Path) -> Iterator[FakeGrafana]:
    with FakeGrafana(tmp_path) as running:
        yield running


def entrance(port: int, http_port: int = 80, *, kind: Literal["local", "hetzner"] = "local") -> Entrance:
    return machine_of(base(port, http_port, kind=kind)).entrance


def viewer(grafana: FakeGrafana) -> Viewer:
    return Viewer(grafana.url, entrance(grafana.port))


def test_all_is_well_where_it_is(grafana: FakeGrafana) -> None:
    visitor = viewer(grafana)
    assert checks.may_look(visitor).ok
    assert checks.may_not_edit(visitor).ok
    assert checks.dashboards_open(visitor).detail == "2 of 2 open"
    assert verdict.panels_filled(visitor.panels()).detail == "2 of 2 panels have data"


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5h://127.0.0.1:9", "nonsense"])
def test_the_local_base_is_asked_directly_whatever_the_caller_s_proxy(
    grafana: FakeGrafana, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, proxy)
    assert checks.may_look(viewer(grafana)).ok


@pytest.mark.parametrize("proxy", ["socks5h://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(OperationError, match=r"cannot be asked through the proxy .* or unset them\.$"):
        Viewer("https://preview-a.example", entrance(443, kind="hetzner"))


def test_an_operator_s_proxy_is_used_for_a_base_with_public_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = checks.may_look(Viewer("https://preview-a.invalid", entrance(443, kind="hetzner")))
    assert found.ok is False
    assert "refused" in found.detail, "of the proxy's port, not that the name is unknown"


def test_a_login_that_is_needed_to_look_is_found(grafana: FakeGrafana) -> None:
    grafana.login_needed = True
    check = checks.may_look(viewer(grafana))
    assert check.ok is False
    assert "401" in check.detail


def test_a_grafana_that_lets_anyone_save_is_found(grafana: FakeGrafana) -> None:
    grafana.editable = True
    assert checks.may_not_edit(viewer(grafana)).ok is False


def test_a_dashboard_that_does_not_open_is_named(grafana: FakeGrafana) -> None:
    grafana.closed = {"pgai-tables"}
    check = checks.dashboards_open(viewer(grafana))
    assert check.ok is False
    assert check.detail == "1 of 2 open; closed: Tables (500)"


def test_an_empty_panel_is_named(grafana: FakeGrafana) -> None:
    grafana.empty = {"Activity"}
    check = verdict.panels_filled(viewer(grafana).panels())
    assert check.ok is False
    assert check.detail == "1 of 2 panels have data; empty: Activity / Curve (metric Activity does not exist)"


def test_a_grafana_without_dashboards_fulfils_nothing() -> None:
    assert verdict.panels_filled([]).ok is False


@pytest.mark.parametrize("broken", [1, 2])
def test_a_connection_that_breaks_is_no_fault_of_the_preview(grafana: FakeGrafana, broken: int) -> None:
    visitor = viewer(grafana)
    grafana.broken = broken
    assert verdict.panels_filled(visitor.panels()).ok
    grafana.broken = broken
    assert checks.may_not_edit(visitor).ok


def test_connections_that_break_again_and_again_are_told(grafana: FakeGrafana) -> None:
    grafana.broken = 100
    check = checks.may_look(viewer(grafana))
    assert check.ok is False
    assert check.detail == "Server disconnected without sending a response"


def test_nobody_at_the_address_is_said_in_a_few_words(grafana: FakeGrafana) -> None:
    gone = viewer(grafana)
    grafana.__exit__(None, None, None)
    for check in (checks.may_look(gone), checks.may_not_edit(gone), checks.dashboards_open(gone)):
        assert check.ok is False
        assert "refused" in check.detail
        assert "\n" not in check.detail


def test_on_the_local_base_the_certificate_is_nobodys_word(grafana: FakeGrafana) -> None:
    check = Address(grafana.url, entrance(grafana.port)).certified()
    assert check.ok
    assert "on the local base nobody signs" in check.detail


def test_on_a_vm_a_certificate_that_nobody_signed_is_found(tmp_path: Path) -> None:
    with FakeGrafana(tmp_path, host="localhost") as grafana:
        check = Address(grafana.url, entrance(grafana.port, kind="hetzner")).certified()
        assert check.ok is False
        assert "self-signed certificate" in check.detail


def test_on_a_vm_a_trusted_certificate_is_told_with_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeGrafana(tmp_path, host="localhost") as grafana:
        monkeypatch.setenv("SSL_CERT_FILE", str(grafana.certificate))
        check = Address(grafana.url, entrance(grafana.port, kind="hetzner")).certified()
        assert check.ok, check.detail
        assert check.detail.startswith("until ")


@pytest.mark.parametrize("kind", ["local", "hetzner"])
def test_a_name_that_does_not_resolve_matters_where_names_need_dns(
    kind: Literal["local", "hetzner"], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    check = Address("https://preview-a.pgai.watch", entrance(443, kind=kind)).resolves()
    assert check.ok is (kind == "local")


@contextmanager
def http(status: int, location: str, address: str = "127.0.0.1") -> Iterator[int]:
    """A server on loopback that gives one answer."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", location.format(host=self.headers["Host"].split(":")[0]))
            self.end_headers()

    server = HTTPServer((address, 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "location", "ok"),
    [
        (308, "https://{host}:8443/", True),
        (308, "https://{host}/", False),
        (308, "http://{host}:8443/", False),
        (200, "https://{host}:8443/", False),
    ],
)
def test_plain_http_has_to_lead_to_the_same_host_by_https(status: int, location: str, ok: bool) -> None:
    with http(status, location) as port:
        check = Address("https://preview-a.localhost:8443", entrance(8443, port)).redirects()
    assert check.ok is ok, check.detail
    assert str(status) in check.detail


def test_a_local_base_is_asked_where_its_reverse_proxy_listens() -> None:
    with http(308, "https://{host}:8443/", "127.0.0.2") as port:
        way = machine_of(base(8443, port).model_copy(update={"address": "127.0.0.2"})).entrance
        check = Address("https://preview-a.localhost:8443", way).redirects()
    assert check.ok, check.detail


@pytest.mark.parametrize(
    ("listens", "asked"),
    [
        ("127.0.0.1", "https://127.0.0.1:8443"),
        ("192.0.2.7", "https://192.0.2.7:8443"),
        ("0.0.0.0", "https://127.0.0.1:8443"),
        ("::", "https://[::1]:8443"),
        ("2001:db8::7", "https://[2001:db8::7]:8443"),
    ],
)
def test_a_base_that_listens_on_all_addresses_is_asked_on_loopback(listens: str, asked: str) -> None:
    local = base(8443).model_copy(update={"address": listens})
    node = Node(name="one", docker_host="unix:///nowhere")
    for one in (local, local.model_copy(update={"nodes": (node,)})):
        assert machine_of(one).entrance.url("https", "preview-a.localhost", 8443) == asked
