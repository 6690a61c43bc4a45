"""The way to a VM's Docker engine, opened anew where it has broken, by a client of SSH that only pretends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from operations.at_once import at_once
from operations.errors import OperationError
from operations.machine.connection import Way
from operations.machine.docker import Docker
from operations.machine.tunnel import Tunnel
from tests.equipment.fakes.docker_api import FakeDocker
from tests.equipment.fakes.grafana import base

SSH = """\
#!/bin/sh
# Forwards to the engine by a link; connected, it stays until it is killed.
for option; do
    case $option in
        ControlPath=*) control=${option#*=} ;;
        *:/var/run/docker.sock) exec ln -s "$(cat "$0.engine")" "${option%%:*}" ;;
    esac
done
echo $$ >>"$0.started"
[ -s "$0.engine" ] || { echo "Connection refused" >&2; exit 255; }
: >"$control"
exec sleep 60
"""
THREADS = 7


class FakeSsh:
    """The client, with an engine behind it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ssh"
        self.path.write_text(SSH)
        self.path.chmod(0o755)
        self._started, self._engine = folder / "ssh.started", folder / "ssh.engine"
        self._servers: list[FakeDocker] = []

    @property
    def started(self) -> list[int]:
        return [int(line) for line in self._started.read_text().split()]

    @property
    def running(self) -> list[int]:
        return [pid for pid in self.started if Path(f"/proc/{pid}").exists()]

    def serve(self) -> None:
        """Lead to an engine that answers, and leave the one before unanswered."""
        self.cut()
        self._servers.append(FakeDocker(self.path.parent / f"engine-{len(self._servers)}"))
        self._engine.write_text(str(self._servers[-1].path))

    def cut(self) -> None:
        """End what there is."""
        self._engine.write_text("")
        for server in self._servers:
            server.end()


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[FakeSsh]:
    fake = FakeSsh(tmp_path)
    fake.serve()
    yield fake
    fake.cut()
    for pid in fake.running:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)


@pytest.fixture
def tunnel(ssh: FakeSsh) -> Tunnel:
    return Tunnel(base(8443), [str(ssh.path)])


def all_at_once(ask: Callable[[], object]) -> list[str]:
    """What becomes of the same question of many threads, in words."""
    ready = threading.Barrier(THREADS)

    def answer(_: int) -> str:
        ready.wait()
        try:
            ask()
        except (OperationError, OSError, ValueError) as error:
            return repr(error)
        return "answered"

    return at_once(answer, range(THREADS))


def test_many_that_find_a_connection_broken_are_all_answered_over_one_new_one(ssh: FakeSsh, tunnel: Tunnel) -> None:
    docker = Docker(Way(tunnel.open, "there", "try again"))
    for opened in (1, 2, 3):
        assert all_at_once(docker.previews) == ["answered"] * THREADS
        assert len(ssh.started) == opened
        assert ssh.running == ssh.started[-1:]
        ssh.serve()
    tunnel._close()
    assert ssh.running == []


def test_a_vm_that_stays_away_leaves_no_connection_behind(ssh: FakeSsh, tunnel: Tunnel) -> None:
    docker = Docker(Way(tunnel.open, "there", "try again"))
    ssh.cut()
    assert all(str(one).startswith("OperationError('The VM at") for one in all_at_once(docker.previews))
    assert ssh.running == []
    with pytest.raises(OperationError, match="Connection refused"):
        docker.previews()
    ssh.serve()
    assert docker.previews() == []
