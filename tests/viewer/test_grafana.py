"""An anonymous viewer makes nothing in Grafana's own database, which is small."""

from __future__ import annotations

import socket
import ssl

import pytest

from stacks.names import host_of, slug_of
from tests.viewer.conftest import Attacked

pytestmark = pytest.mark.engine

SPELT = [
    "/api/short-urls",
    "/api/short-urls/",
    "/api/short-urls//",
    "/api/short-urls?x=y",
    "//api/short-urls",
    "/api//short-urls",
    "/./api/short-urls",
    "/x/../api/short-urls",
    "/api/./short-urls",
    "/API/Short-URLs",
    "/api/short%2Durls",
    "/api/short%2durls/",
    "/%61pi/%73hort-urls",
    "/api%2Fshort-urls",
    "/api%2fshort-urls",
    "/api/short-urls%2F",
    "/api/short-urls%00",
    "/api/%2e/short-urls",
    "/api/short-urls;x",
    "/api/short%252Durls",
]
BODY = b'{"path": "d/some-dashboard?x=1"}'


def answer(attacked: Attacked, path: str) -> str:
    """What is answered to a POST whose path is sent as it is; clients would tidy it up."""
    name = host_of(slug_of(attacked.branch), "localhost")
    head = f"POST {path} HTTP/1.1\r\nHost: {name}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", attacked.clone.ports["httpsPort"]), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")


@pytest.mark.parametrize("path", SPELT)
def test_no_spelling_makes_a_short_link(attacked: Attacked, path: str) -> None:
    said = answer(attacked, path)
    assert said.startswith("HTTP/1.1 "), said
    assert "/goto/" not in said
    assert not said.startswith(("HTTP/1.1 200", "HTTP/1.1 5")), said


def test_grafana_itself_would_make_them(attacked: Attacked) -> None:
    code, said = attacked.run(
        "grafana", "wget", "-q", "-O", "-", "--header", "Content-Type: application/json", "--post-data", BODY.decode(),
        "http://127.0.0.1:3000/api/short-urls",
    )  # fmt: skip
    assert code == 0, said
    assert "/goto/" in said


def test_what_is_named_alike_is_shown(attacked: Attacked) -> None:
    found = attacked.anybody.get("/api/search", params={"query": "short-urls"})
    assert (found.status_code, found.json()) == (200, [])


HEADER = "X-Grafana-Device-Id"


def devices(attacked: Attacked) -> set[str]:
    """Ids of visitors' devices that Grafana keeps."""
    known = attacked.clone.json("credentials", attacked.branch, "--json")["grafana"]
    found = attacked.anybody.get("/api/anonymous/devices", auth=(known["user"], known["password"]))
    assert found.status_code == 200, found.text
    return {row["deviceId"] for row in found.json()}


def test_no_visitor_leaves_the_id_of_a_device(attacked: Attacked) -> None:
    before = devices(attacked)
    for number, name in enumerate((HEADER, HEADER.lower(), HEADER.upper())):
        for path in ("/api/search", "/api/org", "/", "/nothing-here"):
            asked = attacked.anybody.get(path, headers=[(name, f"viewer-{number}"), (name, "x" * 5000)])
            assert asked.status_code in (200, 404), asked.text
    assert devices(attacked) == before


def test_grafana_itself_would_keep_it(attacked: Attacked) -> None:
    address = "http://127.0.0.1:3000/api/org"
    code, said = attacked.run("grafana", "wget", "-q", "-O", "-", "--header", f"{HEADER}: kept", address)
    assert code == 0, said
    assert "kept" in devices(attacked)
