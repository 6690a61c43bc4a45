"""When a Docker engine is taken, installed, built, started, or refused in one sentence."""

from __future__ import annotations

import platform
from typing import Any

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import docker as docker_engine
from toolchain import docker_packages
from toolchain.report import Row, SetupError

PACKAGES = "install -y --no-install-recommends"


class Daemon:
    """An engine that answers once the given file exists."""

    def __init__(self, machine: Machine, reason: str = "FileNotFoundError(2)") -> None:
        self.marker = machine.root / "daemon-runs"
        self.reason = reason
        self.version = "29.0.1"
        self.labels: list[str] = []
        self.more: dict[str, Any] = {}

    def info(self, timeout: float = 10.0) -> dict[str, Any]:
        if not self.marker.exists():
            raise OSError(self.reason)
        return {"ServerVersion": self.version, "Labels": self.labels, **self.more}


@pytest.fixture
def daemon(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    result = Daemon(machine)
    monkeypatch.setattr(docker_engine, "_info", result.info)
    monkeypatch.setattr(docker_engine, "may_install", lambda: True)
    monkeypatch.setattr(docker_engine, "_CLIENT_LINK", machine.bin / "docker-link")
    monkeypatch.setattr(docker_packages, "_SYSTEMD", machine.root / "no-systemd")
    monkeypatch.setattr(docker_packages, "_APT", machine.root / "apt")
    (machine.root / "apt" / "sources.list.d").mkdir(parents=True)
    monkeypatch.setattr(
        platform,
        "freedesktop_os_release",
        lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"},
    )
    (machine.paths.checkout / "offline" / "docker").mkdir()
    (machine.paths.checkout / "offline" / "docker" / "go.mod").write_text("module x\n")
    (machine.paths.checkout / "host").mkdir()
    (machine.paths.checkout / "host" / "docker.asc").write_text("the key\n")
    machine.install("apt-get", f'#!/bin/sh\necho "$*" >>{machine.root}/apt-calls\n')
    machine.install("docker", "#!/bin/sh\necho Docker version 28.2.2, build 1\n")
    # An engine of this machine must not be found.
    monkeypatch.setenv("PATH", f"{machine.bin}:{machine.root}/coreutils")
    (machine.root / "coreutils").mkdir()
    for name in ("sh", "touch", "cp", "chmod", "cat"):
        (machine.root / "coreutils" / name).symlink_to(f"/bin/{name}")
    return result


def install_dockerd(machine: Machine, daemon: Daemon, version: str = "29.0.1") -> None:
    machine.install("dockerd", _dockerd(daemon, version))


def _dockerd(daemon: Daemon, version: str = "29.0.1") -> str:
    return (
        f'#!/bin/sh\n[ "$*" != --version ] || {{ echo Docker version {version}, build 1; exit; }}\n'
        f'echo "hello $*"\ntouch {daemon.marker}\n'
    )


def engine(machine: Machine) -> Row:
    return docker_engine.ensure(machine.context())[0]


def installed(machine: Machine) -> list[str]:
    """Packages that were installed, by call."""
    return [call.split(f"{PACKAGES} ")[1] for call in machine.calls("apt-calls") if PACKAGES in call]


def test_an_engine_that_answers_is_used(machine: Machine, daemon: Daemon) -> None:
    daemon.marker.touch()
    row = engine(machine)
    assert (row.how, row.version) == ("found", "29.0.1")
    assert machine.calls("apt-calls") == []


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "25.0.5"])
def test_an_older_engine_is_refused_with_the_reason_and_the_cure(
    machine: Machine, daemon: Daemon, version: str
) -> None:
    daemon.marker.touch()
    daemon.version = version
    with pytest.raises(SetupError) as caught:
        docker_engine.ensure(machine.context())
    said = str(caught.value)
    assert said.startswith(f"The Docker engine of this machine has version {version}, and previews need 26 or newer")
    assert "https://docs.docker.com/engine/install" in said
    assert "systemctl stop docker" in said
    assert "\n" not in said
    assert machine.calls("apt-calls") == []


def test_an_engine_that_cannot_carry_previews_is_refused_with_the_reason(machine: Machine, daemon: Daemon) -> None:
    daemon.marker.touch()
    daemon.more = {"SecurityOptions": ["name=rootless"]}
    with pytest.raises(SetupError, match="runs rootless"):
        docker_engine.ensure(machine.context())
    assert machine.calls("apt-calls") == []


def test_engine_26_is_new_enough(machine: Machine, daemon: Daemon) -> None:
    daemon.marker.touch()
    daemon.version = "26.0.0"
    assert engine(machine).version == "26.0.0"


def test_an_installed_engine_is_started_and_not_installed_again(machine: Machine, daemon: Daemon) -> None:
    install_dockerd(machine, daemon)
    row = engine(machine)
    assert (row.how, row.version) == ("found", "29.0.1")
    assert machine.calls("apt-calls") == []
    assert (machine.paths.data / "dockerd.log").read_text() == "hello \n"


def test_docker_s_own_packages_are_installed_where_its_site_answers(machine: Machine, daemon: Daemon) -> None:
    machine.online = True
    install_dockerd(machine, daemon, version="20.10.24")
    machine.install(
        "apt-get",
        f'#!/bin/sh\necho "$*" >>{machine.root}/apt-calls\ncase "$*" in *install*) cat >{machine.bin}/dockerd <<E\n'
        f"{_dockerd(daemon).replace('$', chr(92) + '$')}E\n;; esac\n",
    )
    row = engine(machine)
    assert (row.how, row.version) == ("downloaded", "29.0.1")
    assert installed(machine) == ["docker-ce docker-ce-cli containerd.io iptables"]
    assert machine.probes == ["https://download.docker.com"]
    (source,) = (machine.root / "apt" / "sources.list.d").iterdir()
    key = machine.root / "apt" / "keyrings" / "pgai-preview-docker.asc"
    assert source.read_text() == (f"deb [signed-by={key}] https://download.docker.com/linux/debian bookworm stable\n")
    assert key.read_text() == "the key\n"


def test_a_repository_that_the_machine_names_already_is_not_named_twice(machine: Machine, daemon: Daemon) -> None:
    machine.online = True
    daemon.marker.touch()
    (machine.bin / "docker").unlink()
    own = machine.root / "apt" / "sources.list.d" / "docker.sources"
    own.write_text("URIs: https://download.docker.com/linux/debian\n")
    assert docker_engine.ensure(machine.context())[1].how == "downloaded"
    assert list(own.parent.iterdir()) == [own]
    assert installed(machine) == ["docker-ce-cli"]


def test_an_engine_that_cannot_be_had_is_built_once_and_says_so(machine: Machine, daemon: Daemon) -> None:
    machine.install_go()
    install_dockerd(machine, daemon, version="20.10.24")
    (machine.root / "engine-to-build").write_text(_dockerd(daemon, "29.0.0"))
    for _ in range(2):
        daemon.marker.unlink(missing_ok=True)
        row = engine(machine)
        assert row.how == "built from source"
        for program in ("containerd", "runc", "tini", "iptables"):
            machine.install(program, "#!/bin/sh\n")
    assert machine.builds() == [f"github.com/moby/moby/v2/cmd/{name}" for name in ("docker-proxy", "dockerd")]
    assert installed(machine) == ["containerd runc tini iptables"]
    assert "--label pgai.built-from-source=true" in (machine.paths.data / "dockerd.log").read_text()
    daemon.labels = [docker_packages.BUILT_LABEL]
    assert engine(machine).how == "built from source"


def test_an_engine_that_never_answers_is_one_sentence(
    machine: Machine, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("dockerd", "#!/bin/sh\necho Docker version 29.0.1, build 1\n")
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


class TestTheClient:
    def test_one_that_is_new_enough_is_used(self, machine: Machine, daemon: Daemon) -> None:
        daemon.marker.touch()
        row = docker_engine.ensure(machine.context())[1]
        assert (row.how, row.version) == ("found", "28.2.2")

    def test_one_that_the_engine_would_not_answer_is_built_and_linked(self, machine: Machine, daemon: Daemon) -> None:
        daemon.marker.touch()
        machine.install_go()
        machine.install("docker", "#!/bin/sh\necho Docker version 20.10.24, build 1\n")
        row = docker_engine.ensure(machine.context())[1]
        assert (row.how, row.detail) == ("built from source", str(machine.bin / "docker-link"))
        assert machine.builds() == ["github.com/docker/cli/cmd/docker"]
        assert (machine.bin / "docker-link").resolve() == docker_packages.directory(machine.paths) / "docker"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("#!/bin/sh\necho Docker version 20.10.24, build 1\n", "on PATH has version 20.10.24"),
            ("#!/bin/sh\necho podman version 5.0\n", "on PATH has version unknown"),
            (None, "is not on PATH"),
        ],
    )
    def test_without_root_one_sentence_says_what_to_do(
        self, machine: Machine, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, text: str | None, words: str
    ) -> None:
        daemon.marker.touch()
        monkeypatch.setattr(docker_engine, "may_install", lambda: False)
        (machine.bin / "docker").unlink()
        if text:
            machine.install("docker", text)
        with pytest.raises(SetupError, match=rf"^The program docker {words}, .* 25 or newer: install .*docker-ce-cli"):
            docker_engine.ensure(machine.context())
