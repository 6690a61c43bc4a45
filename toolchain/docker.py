"""The Docker engine and its client: found, or made sure of where set-up may do that."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolchain import docker_packages
from toolchain.context import Context, Step
from toolchain.debian import may_install
from toolchain.docker_fitness import obstacle
from toolchain.report import Row, SetupError
from toolchain.versions import DOCKER_CLIENT, DOCKER_CLIENT_LEAST, DOCKER_LEAST, at_least

if TYPE_CHECKING:
    from docker import DockerClient

_START_SECONDS = 60.0
_CLIENT_LINK = Path("/usr/local/bin/docker")
_PAGE = "https://docs.docker.com/engine/install"


def connect(timeout: float = 10.0) -> DockerClient:
    """A client of the engine that DOCKER_HOST names, else of this machine's.

    Args:
        timeout: Seconds that one answer may take.

    Raises:
        OSError: There is no engine, or it does not answer.
    """
    import docker

    try:
        host = os.environ.get("DOCKER_HOST", "")
        return docker.from_env(timeout=timeout, use_ssh_client=host.startswith("ssh://"))
    except docker.errors.DockerException as exc:
        raise OSError(str(exc)) from exc


def _info(timeout: float = 10.0) -> dict[str, Any]:
    """What the engine says of itself.

    Raises:
        OSError: It does not answer.
    """
    import docker
    import requests

    client = connect(timeout)
    try:
        return dict(client.info())
    except (docker.errors.DockerException, requests.RequestException) as exc:
        raise OSError(str(exc)) from exc
    finally:
        client.close()


def ensure(context: Context) -> list[Row]:
    """Make sure of an engine that answers and of a client for it.

    Raises:
        SetupError: One is missing or too old, and set-up may not or cannot bring one.
    """
    return [_engine(context), _client(context)]


def _engine(context: Context) -> Row:
    step = Step(context, "Docker engine")
    where = os.environ.get("DOCKER_HOST") or "this machine"
    try:
        return _found(context, step, where, _info())
    except OSError as exc:
        reason = exc
    if os.environ.get("DOCKER_HOST"):
        raise SetupError(
            f"No Docker engine answers at DOCKER_HOST={where} ({_short(reason)}): start it, or unset DOCKER_HOST."
        ) from reason
    if not may_install():
        raise SetupError(_advice(reason)) from reason
    daemon = docker_packages.daemon(context, step)
    step.progress(None, "starting")
    docker_packages.start(context, daemon, log=_dockerd_log(context), deadline=_START_SECONDS)
    version = str(_wait(context)["ServerVersion"])
    return step.row(version=version, how=daemon.how, detail=f"{where}, started by set-up")


def _found(context: Context, step: Step, where: str, info: dict[str, Any]) -> Row:
    if reason := obstacle(os.environ.get("DOCKER_HOST", ""), info):
        raise SetupError(reason)
    version = str(info["ServerVersion"])
    if not at_least(version, DOCKER_LEAST):
        raise SetupError(_too_old(where, version))
    if docker_packages.BUILT_LABEL in (info.get("Labels") or ()):
        context.may_build(step.name)
        return step.row(version=version, how="built from source", detail=where)
    return step.row(version=version, how="found", detail=where)


def _too_old(where: str, version: str) -> str:
    return (
        f"The Docker engine of {where} has version {version}, and previews need {DOCKER_LEAST.partition('.')[0]} or "
        "newer, which checks often only what is starting and lets a container see a part of a volume: install a newer "
        f"one ({_PAGE}), or, as root on Debian or Ubuntu, stop this one (`systemctl stop docker docker.socket`, or "
        "`kill $(cat /var/run/docker.pid)` where no init system runs) and run `./preview setup`, which brings one."
    )


def _client(context: Context) -> Row:
    """The program ``docker``, for the host's scripts and for people."""
    step = Step(context, "Docker client")
    found = shutil.which("docker")
    version = docker_packages.version_of(found) if found else ""
    if found and at_least(version, DOCKER_CLIENT_LEAST):
        if not Path(found).resolve().is_relative_to(docker_packages.directory(context.paths).resolve()):
            return step.row(version=version, how="found", detail=found)
        context.may_build(step.name)
        return step.row(version=version, how="built from source", detail=found)
    # What lies where a built one would be linked, and is no link, is somebody else's.
    if not may_install() or (_CLIENT_LINK.exists() and not _CLIENT_LINK.is_symlink()):
        there = f"on PATH has version {version or 'unknown'}" if found else "is not on PATH"
        raise SetupError(
            f"The program docker {there}, and the engine answers only {DOCKER_CLIENT_LEAST.partition('.')[0]} or "
            f"newer: install Docker's package docker-ce-cli ({_PAGE}), then run this again."
        )
    path, how = docker_packages.client(context, step, _CLIENT_LINK)
    return step.row(version=DOCKER_CLIENT if how == "built from source" else "", how=how, detail=str(path))


def _advice(reason: Exception) -> str:
    if "ermission denied" in str(reason):
        return (
            "This user may not talk to the Docker engine (permission denied): add the user to the group docker "
            "(`sudo usermod -aG docker $USER`), log in again and run this again."
        )
    return (
        f"No Docker engine answers on this machine ({_short(reason)}): install and start one "
        f"({_PAGE}) or set DOCKER_HOST, then run this again."
    )


def _short(reason: Exception) -> str:
    text = str(reason)
    for clue, words in (
        ("ermission denied", "permission denied"),
        ("FileNotFoundError", "there is no such socket"),
        ("No such file", "there is no such socket"),
        ("refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("Name or service not known", "unknown host name"),
    ):
        if clue in text:
            return words
    return text.splitlines()[0][:120] if text else type(reason).__name__


def _dockerd_log(context: Context) -> Path:
    return context.paths.data / "dockerd.log"


def _wait(context: Context) -> dict[str, Any]:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return _info(timeout=5)
        except OSError as exc:
            if time.monotonic() > deadline:
                raise SetupError(
                    f"The Docker engine was started but does not answer after {_START_SECONDS:.0f} seconds "
                    f"({_short(exc)}); see {_dockerd_log(context)}."
                ) from exc
        time.sleep(0.3)
