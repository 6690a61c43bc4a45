"""The Docker socket of a machine behind a real SSH server: a connection that breaks is opened again."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from operations.machine.connection import Way
from operations.machine.docker import Docker
from operations.machine.streams import Streams
from operations.machine.tunnel import Tunnel
from operations.machine.vm import VmMachine
from tests.equipment.fakes.grafana import base
from tests.equipment.processes import family
from tests.equipment.sshd import Sshd, agent

pytestmark = pytest.mark.engine

DATA = {"/var/lib/postgresql/data": ""}


@pytest.fixture
def sshd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    with Sshd() as server, agent(server.client_key) as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        yield server


@pytest.fixture
def machine(sshd: Sshd) -> VmMachine:
    return VmMachine(
        base(8443).model_copy(
            update={
                "kind": "hetzner",
                "address": "127.0.0.1",
                "ssh_user": sshd.user,
                "ssh_port": sshd.port,
                "ssh_host_key": sshd.host_key,
            }
        )
    )


def cut(sshd: Sshd) -> None:
    """End every connection from the server's side, as when its network is gone for a moment."""
    assert sshd._process is not None
    for pid in family(sshd._process.pid)[1:]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_docker_is_asked_and_scripts_run_on_over_a_new_connection_each_time_that_one_breaks(
    machine: VmMachine, sshd: Sshd
) -> None:
    assert machine.docker.belongings({"pgai.preview": "nobody's"}) == []
    for _ in range(3):
        cut(sshd)
        assert machine.docker.belongings({"pgai.preview": "nobody's"}) == []
        assert machine.run("echo $WORD", {"WORD": "there"}) == "there\n"


def test_a_tunnel_is_opened_again_while_the_shared_connection_lives(machine: VmMachine, sshd: Sshd) -> None:
    assert machine.run("echo there", {}) == "there\n"
    tunnel = Tunnel(machine.base, machine._ssh())
    for _ in range(3):
        assert Docker(Way(tunnel.open, "there", "try again")).belongings({"pgai.preview": "nobody's"}) == []
    assert sshd.connections == 1 + 3, "a tunnel has a connection of its own"


def test_a_program_in_a_container_reads_to_the_end_and_answers_over_ssh(
    machine: VmMachine, engine: Any, token: str
) -> None:
    container = engine.containers.run(
        "postgres:15",
        ["-c", "sleep 600"],
        entrypoint="bash",
        name=f"{token}-tunnel",
        detach=True,
        init=True,
        tmpfs=DATA,
    )
    try:
        given = os.urandom(1 << 20)
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
            asked.write(given)
            asked.seek(0)
            streams = Streams(stdin=asked.fileno(), stdout=answered.fileno())
            assert machine.docker.execute(container.name, ["sh", "-c", "cat; exit 42"], streams) == 42
            answered.seek(0)
            assert answered.read() == given
    finally:
        container.remove(force=True, v=True)
