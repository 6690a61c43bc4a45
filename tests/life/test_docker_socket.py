"""Docker's daemon starts anew beside containers that run on (live-restore): the socket proxy still reaches it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stacks import local as base
from tests.equipment.recording import declare
from tests.equipment.second_engine import running_second_engine
from tests.policy.declared import containers

pytestmark = pytest.mark.engine

# A container keeps the mounts that it was started with; so does this process, in a mount namespace of its own.
_KEEP = """
import socket, subprocess, sys
source, place, name = sys.argv[1:]
subprocess.run(["mount", "--bind", source, place], check=True)
print("mounted", flush=True)
for _ in sys.stdin:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(f"{place}/{name}")
            asking.sendall(b"GET /_ping HTTP/1.0\\r\\n\\r\\n")
            print(asking.recv(15).decode(), flush=True)
        except OSError as error:
            print(error, flush=True)
"""


def test_the_socket_proxy_reaches_a_daemon_that_was_started_anew(tmp_path: Path, token: str) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    with running_second_engine(tmp_path, f"{token}s") as engine:
        proxy = containers(declare(base.local, stack="local", config={"dockerHost": engine.address}))[
            "traefik-socket-proxy"
        ]
        (source,) = [volume["hostPath"] for volume in proxy["volumes"] if volume["containerPath"] == "/host-run"]
        name = dict(setting.split("=", 1) for setting in proxy["envs"])["SOCKET"]
        with subprocess.Popen(
            ["unshare", "--mount", sys.executable, "-c", _KEEP, source, str(place), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as keeper:
            assert keeper.stdin
            assert keeper.stdout
            assert keeper.stdout.readline() == "mounted\n"
            for restart in (False, True):
                if restart:
                    engine.restart()
                keeper.stdin.write("ask\n")
                keeper.stdin.flush()
                assert keeper.stdout.readline() == "HTTP/1.0 200 OK\n", f"restarted: {restart}"
            keeper.stdin.close()
