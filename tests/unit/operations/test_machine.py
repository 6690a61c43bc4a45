"""Reaching a machine: scripts, files, and Docker over a connection that may break."""

from __future__ import annotations

import http.server
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.machine.access import machine_of
from operations.machine.docker import Docker
from operations.machine.shell import ScriptError
from tests.equipment.fakes.grafana import base


class DockerApi(http.server.BaseHTTPRequestHandler):
    """Answers like an engine without containers."""

    def do_GET(self) -> None:
        body = b'{"ApiVersion": "1.44"}' if self.path.endswith("/version") else b"[]"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        # A handler wants to know who asks, which a socket of this kind does not say.
        return super().get_request()[0], ("local", 0)


@pytest.fixture
def tunnel(tmp_path: Path) -> Iterator[list[Socket]]:
    """Servers in the order in which they were opened; each is a new way to the same engine."""
    opened: list[Socket] = []
    yield opened
    for server in opened:
        server.server_close()


def open_anew(opened: list[Socket], folder: Path) -> str:
    path = folder / f"docker-{len(opened)}.sock"
    server = Socket(str(path), DockerApi)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    opened.append(server)
    return f"unix://{path}"


def test_a_connection_that_broke_is_opened_again(tunnel: list[Socket], tmp_path: Path) -> None:
    docker = Docker(lambda: open_anew(tunnel, tmp_path))
    assert docker.previews() == []
    tunnel[0].shutdown()
    tunnel[0].server_close()
    (tmp_path / "docker-0.sock").unlink()
    assert docker.previews() == []
    assert len(tunnel) == 2


def test_a_connection_that_breaks_before_it_is_used_is_opened_again(tunnel: list[Socket], tmp_path: Path) -> None:
    ways = iter((f"unix://{tmp_path}/cut.sock", open_anew(tunnel, tmp_path)))
    assert Docker(lambda: next(ways)).previews() == []


def test_a_machine_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="does not answer"):
        Docker(lambda: f"unix://{tmp_path}/nothing.sock")


def test_a_script_that_fails_says_what_it_said_and_its_code() -> None:
    with pytest.raises(ScriptError, match="there is no room") as failed:
        machine_of(base(8443)).run('echo "there is no $WHAT" >&2; exit 3', {"WHAT": "room"})
    assert failed.value.code == 3


def test_files_come_back_as_they_are_with_links_that_lead_elsewhere(tmp_path: Path) -> None:
    good, back = tmp_path / "good", tmp_path / "back"
    (good / "config").mkdir(parents=True)
    (good / "config/a.yml").write_text("a: 0042\n")
    (good / "config/relative").symlink_to("a.yml")
    (good / "config/absolute").symlink_to("/nowhere/at/all")
    back.mkdir()
    machine_of(base(8443)).fetch(str(good), back)
    assert (back / "config/relative").read_text() == "a: 0042\n"
    assert (back / "config/absolute").readlink() == Path("/nowhere/at/all")


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError):
        machine_of(base(8443)).fetch(str(tmp_path / "nothing"), tmp_path)


def test_files_come_back_on_a_python_whose_tar_module_knows_no_safe_way(tmp_path: Path) -> None:
    good, back = tmp_path / "good", tmp_path / "back"
    good.mkdir()
    back.mkdir()
    (good / "absolute").symlink_to("/nowhere/at/all")
    # Debian 12's is one of those; what it lacks raises a TypeError, so it is as good as none at all.
    script = (
        "import sys; sys.modules['tarfile'] = None; from pathlib import Path; from operations.machine import shell; "
        "shell.unpack(shell.run_script(['/bin/sh', '-s'], shell.packed(sys.argv[1])), Path(sys.argv[2]))"
    )
    checkout = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", script, str(good), str(back)], cwd=checkout, check=True)
    assert (back / "absolute").readlink() == Path("/nowhere/at/all")
