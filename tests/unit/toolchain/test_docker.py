"""When a Docker engine is taken, installed, started, or refused in one sentence."""

from __future__ import annotations

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import docker as docker_engine
from toolchain.report import SetupError


class Daemon:
    """An engine that answers once the given file exists."""

    def __init__(self, machine: Machine, reason: str = "FileNotFoundError(2)") -> None:
        self.marker = machine.root / "daemon-runs"
        self.reason = reason

    def version(self, timeout: float = 10.0) -> str:
        if not self.marker.exists():
            raise OSError(self.reason)
        return "29.0.1"


@pytest.fixture
def daemon(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    result = Daemon(machine)
    monkeypatch.setattr(docker_engine, "_version", result.version)
    monkeypatch.setattr(docker_engine, "may_install", lambda: True)
    monkeypatch.setattr(docker_engine, "_SYSTEMD", machine.root / "no-systemd")
    machine.install("apt-get", f'#!/bin/sh\necho "$*" >>{machine.root}/apt-calls\n')
    return result


def install_dockerd(machine: Machine, daemon: Daemon) -> None:
    machine.install("dockerd", f"#!/bin/sh\necho hello\ntouch {daemon.marker}\n")


def test_an_engine_that_answers_is_used(machine: Machine, daemon: Daemon) -> None:
    daemon.marker.touch()
    row = docker_engine.ensure(machine.context())
    assert (row.how, row.version) == ("found", "29.0.1")
    assert machine.calls("apt-calls") == []


def test_an_installed_engine_is_started_and_not_installed_again(machine: Machine, daemon: Daemon) -> None:
    install_dockerd(machine, daemon)
    row = docker_engine.ensure(machine.context())
    assert (row.how, row.version) == ("found", "29.0.1")
    assert machine.calls("apt-calls") == []
    assert (machine.paths.data / "dockerd.log").read_text() == "hello\n"


def test_a_missing_engine_is_installed_and_started(machine: Machine, daemon: Daemon) -> None:
    machine.install(
        "apt-get",
        f"#!/bin/sh\ncase \"$*\" in *install*) printf '#!/bin/sh\\ntouch {daemon.marker}\\n' >{machine.bin}/dockerd\n"
        f"chmod 755 {machine.bin}/dockerd ;; esac\n",
    )
    row = docker_engine.ensure(machine.context())
    assert (row.how, row.version) == ("downloaded", "29.0.1")


def test_an_engine_that_never_answers_is_one_sentence(
    machine: Machine, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("dockerd", "#!/bin/sh\n")
    monkeypatch.setattr(docker_engine, "_START_SECONDS", 0.5)
    with pytest.raises(SetupError, match=r"was started but does not answer .* see .*dockerd\.log\.$"):
        docker_engine.ensure(machine.context())


def test_an_unreachable_docker_host_is_never_replaced_by_another_engine(
    machine: Machine, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_dockerd(machine, daemon)
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(SetupError, match=r"^No Docker engine answers at DOCKER_HOST=tcp://192\.0\.2\.1:2375 \("):
        docker_engine.ensure(machine.context())
    assert not daemon.marker.exists()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("PermissionError(13, 'Permission denied')", "group docker"),
        ("FileNotFoundError(2, 'No such file')", "there is no such socket"),
        ("ConnectionRefusedError: Connection refused", "connection refused"),
    ],
)
def test_without_root_one_sentence_says_what_to_do(
    machine: Machine, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, reason: str, words: str
) -> None:
    install_dockerd(machine, daemon)
    daemon.reason = reason
    monkeypatch.setattr(docker_engine, "may_install", lambda: False)
    with pytest.raises(SetupError, match=words) as caught:
        docker_engine.ensure(machine.context())
    assert "\n" not in str(caught.value)
    assert not daemon.marker.exists()


def test_a_socket_that_is_not_there_counts_as_no_engine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{machine.root}/none.sock")
    with pytest.raises(SetupError, match="there is no such socket"):
        docker_engine.ensure(machine.context())
