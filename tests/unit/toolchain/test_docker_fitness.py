"""Which Docker engines can carry the local base, by what they say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolchain.docker_fitness import obstacle

UNIX = "unix:///run/user/1000/docker.sock"
USUAL = {"SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"], "DockerRootDir": "/"}


@pytest.mark.parametrize("address", ["", "unix:///var/run/docker.sock", UNIX])
@pytest.mark.parametrize("info", [{}, USUAL, {"SecurityOptions": None, "DockerRootDir": None}])
def test_an_engine_of_this_machine_is_taken(address: str, info: dict[str, Any]) -> None:
    assert obstacle(address, info) == ""


@pytest.mark.parametrize(
    ("address", "info", "reason"),
    [
        ("tcp://127.0.0.1:2375", USUAL, "DOCKER_HOST=tcp://127.0.0.1:2375 is an engine that does not see this"),
        ("ssh://deploy@203.0.113.5", USUAL, "does not see this machine's files"),
        (UNIX, {**USUAL, "DockerRootDir": "/nowhere/docker"}, "does not see this machine's files (its directory /no"),
        ("", {**USUAL, "DockerRootDir": "/nowhere/docker"}, "The Docker engine of this machine does not see"),
        ("", {**USUAL, "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, "runs rootless"),
        (UNIX, {**USUAL, "SecurityOptions": ["name=userns"]}, f"at DOCKER_HOST={UNIX} runs with userns-remap"),
        ("", {**USUAL, "BuildahVersion": "1.28.2", "ServerVersion": "4.3.1"}, "is Podman"),
    ],
    ids=["tcp", "ssh", "forwarded", "in a container", "rootless", "userns-remap", "podman"],
)
def test_an_engine_that_cannot_carry_previews_is_refused_in_one_sentence(
    address: str, info: dict[str, Any], reason: str
) -> None:
    said = obstacle(address, info)
    assert reason in said
    assert said.endswith(".")
    assert "DOCKER_HOST" in said, "the cure is named"
    assert "\n" not in said


def test_an_engine_whose_directory_is_closed_to_this_user_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", closed)
    assert obstacle("", {"DockerRootDir": f"{tmp_path}/docker"}) == ""
