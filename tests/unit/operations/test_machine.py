"""Reaching a machine: scripts, files, and Docker over a connection that may break."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from operations.errors import OperationError
from operations.machine import vm
from operations.machine.access import machine_of
from operations.machine.connection import Way, way_on_this_machine
from operations.machine.docker import Docker
from operations.machine.shell import ScriptError
from tests.equipment.fakes.docker_api import FakeDocker
from tests.equipment.fakes.grafana import base


@pytest.fixture
def tunnel() -> Iterator[list[FakeDocker]]:
    """Servers in the order in which they were opened; each is a new way to the same engine."""
    opened: list[FakeDocker] = []
    yield opened
    for server in opened:
        server.end()


def open_anew(opened: list[FakeDocker], folder: Path) -> str:
    opened.append(FakeDocker(folder / f"docker-{len(opened)}.sock"))
    return opened[-1].address


def test_a_connection_that_broke_is_opened_again(tunnel: list[FakeDocker], tmp_path: Path) -> None:
    docker = Docker(Way(lambda: open_anew(tunnel, tmp_path), "there", "try again"))
    assert docker.previews() == []
    tunnel[0].end()
    assert docker.previews() == []
    assert len(tunnel) == 2


def test_a_connection_that_breaks_before_it_is_used_is_opened_again(tunnel: list[FakeDocker], tmp_path: Path) -> None:
    ways = iter((f"unix://{tmp_path}/cut.sock", open_anew(tunnel, tmp_path)))
    assert Docker(Way(lambda: next(ways), "there", "try again")).previews() == []


def test_an_engine_that_does_not_run_is_one_sentence_with_its_address(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/nothing.sock"
    with pytest.raises(OperationError) as failed:
        Docker(way_on_this_machine(address))
    assert str(failed.value) == (
        f"The Docker engine at {address} does not answer: start it, or name a reachable one with DOCKER_HOST and bring "
        "the base up again."
    )


def test_an_engine_of_a_vm_is_called_after_the_vm_and_not_after_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = SimpleNamespace(open=lambda: f"unix://{tmp_path}/docker-1")
    monkeypatch.setattr(vm, "Tunnel", lambda *_: way)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(OperationError) as failed:
        _ = vm.VmMachine(base(8443).model_copy(update={"address": "203.0.113.7"})).docker
    assert str(failed.value) == (
        "The Docker engine of the VM at 203.0.113.7 does not answer: see that it runs there (systemctl status docker), "
        "and try again."
    )


def test_a_vm_that_is_reached_without_an_ssh_client_is_one_sentence_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = vm.VmMachine(base(8443).model_copy(update={"address": "203.0.113.7"}))
    for reach in (lambda: machine.run("true", {}), lambda: machine.fetch("/tmp", tmp_path), lambda: machine.docker):
        with pytest.raises(OperationError) as failed:
            reach()
        assert str(failed.value) == (
            "The VM at 203.0.113.7 is reached over SSH, but PATH has no ssh: install the OpenSSH client."
        )


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
