"""A VM over a real SSH server, reached by an operator whose own configuration lends everything to every machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.machine.access import Machine, machine_of
from tests.equipment.fakes.grafana import base
from tests.equipment.ports import free_ports
from tests.equipment.sshd import Sshd, agent


@pytest.fixture
def ports() -> list[int]:
    """Ports that the configuration would forward: from here, and from the VM back here."""
    return free_ports(2)


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    """The VM's."""
    with Sshd() as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, ports: list[int], sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """The VM. The client is the real one; it reads a configuration of the test in the place of the operator's."""
    here, there = ports
    lent = (
        "ForwardAgent yes",
        "PermitLocalCommand yes",
        f"LocalCommand touch {tmp_path}/ran",
        "RequestTTY force",
        f"RemoteForward {there} localhost:9",
        f"DynamicForward {here}",
    )
    (tmp_path / "config").write_text("\n".join(("Host *", *lent)), encoding="utf-8")
    client = tmp_path / "bin/ssh"
    client.parent.mkdir()
    client.write_text(
        f'#!/bin/sh\nline="$*"\nprintf "%s\\n" "$line" >>{tmp_path}/calls\n'
        f'case $line in "-F /dev/null"*) exec {shutil.which("ssh")} "$@" ;; esac\n'
        f'exec {shutil.which("ssh")} -F {tmp_path}/config "$@"\n',
        encoding="utf-8",
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(client.parent), prepend=":")
    with agent(sshd.client_key) as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        values = {"address": sshd.host, "ssh_user": sshd.user, "ssh_port": sshd.port, "ssh_host_key": sshd.host_key}
        yield machine_of(base(8443, kind="hetzner").model_copy(update=values))


def listeners() -> str:
    """Addresses of this machine that are listened on, as the kernel shows them."""
    return Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()


def test_neither_scripts_nor_docker_lend_the_vm_what_the_operators_configuration_lends(
    machine: Machine, ports: list[int], tmp_path: Path
) -> None:
    assert machine.docker.previews() is not None
    assert machine.run('echo "${SSH_AUTH_SOCK:-no agent}, $(tty)"', {}) == "no agent, not a tty\n"
    assert (tmp_path / "calls").exists()
    assert not (tmp_path / "ran").exists()
    assert not [port for port in ports if f":{port:04X} " in listeners()]


def test_dockers_way_is_opened_again_where_it_broke(machine: Machine, sshd: Sshd) -> None:
    assert machine.docker.previews() is not None
    sshd.stop()
    sshd.start()
    assert machine.docker.previews() is not None
