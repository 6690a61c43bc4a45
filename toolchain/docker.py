"""The Docker engine: found, or installed and started where set-up may do that."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.context import Context, Step
from toolchain.process import is_root, run_logged
from toolchain.report import How, Row, SetupError

if TYPE_CHECKING:
    from docker import DockerClient

_START_SECONDS = 60.0
_PACKAGES = ("docker.io", "iptables")
_SYSTEMD = Path("/run/systemd/system")  # there when systemd runs


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


def _version(timeout: float = 10.0) -> str:
    """Version of the engine.

    Raises:
        OSError: It does not answer.
    """
    import docker
    import requests

    client = connect(timeout)
    try:
        return str(client.version()["Version"])
    except (docker.errors.DockerException, requests.RequestException) as exc:
        raise OSError(str(exc)) from exc
    finally:
        client.close()


def ensure(context: Context) -> Row:
    """Make sure of an engine that answers.

    Raises:
        SetupError: There is none, and set-up may not or cannot install and start one.
    """
    step = Step(context, "Docker engine")
    where = os.environ.get("DOCKER_HOST") or "this machine"
    try:
        return step.row(version=_version(), how="found", detail=where)
    except OSError as exc:
        reason = exc
    if os.environ.get("DOCKER_HOST"):
        raise SetupError(
            f"No Docker engine answers at DOCKER_HOST={where} ({_short(reason)}): start it, or unset DOCKER_HOST."
        ) from reason
    if not may_install():
        raise SetupError(_advice(reason)) from reason
    how: How = "found"
    if shutil.which("dockerd") is None:
        how = "downloaded"
        _install(context, step)
    step.progress(None, "starting")
    _start(context)
    return step.row(version=_wait(context), how=how, detail=f"{where}, started by set-up")


def may_install() -> bool:
    """Whether packages can be installed here: as root on Debian or a system made from it."""
    return is_root() and platform.system() == "Linux" and shutil.which("apt-get") is not None


def _advice(reason: Exception) -> str:
    if "ermission denied" in str(reason):
        return (
            "This user may not talk to the Docker engine (permission denied): add the user to the group docker "
            "(`sudo usermod -aG docker $USER`), log in again and run this again."
        )
    return (
        f"No Docker engine answers on this machine ({_short(reason)}): install and start one "
        "(https://docs.docker.com/engine/install) or set DOCKER_HOST, then run this again."
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


def _install(context: Context, step: Step) -> None:
    step.progress(None, f"apt-get install {' '.join(_PACKAGES)}")
    log = context.log("docker-install")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", *_PACKAGES)):
        run_logged(
            ["apt-get", "-q", *arguments],
            what="Installing Docker",
            log=log,
            env=env,
            deadline=900,
            on_line=lambda line: step.progress(None, line[:80]),
        )


def _start(context: Context) -> None:
    log = context.log("docker-start")
    if _SYSTEMD.is_dir():
        run_logged(["systemctl", "start", "docker"], what="Starting Docker", log=log, deadline=_START_SECONDS)
        return
    # No init system looks after services here, as in a container: the daemon runs by itself and outlives set-up.
    _dockerd_log(context).parent.mkdir(parents=True, exist_ok=True)
    with _dockerd_log(context).open("ab") as output:
        subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )


def _dockerd_log(context: Context) -> Path:
    return context.paths.data / "dockerd.log"


def _wait(context: Context) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return _version(timeout=5)
        except OSError as exc:
            if time.monotonic() > deadline:
                raise SetupError(
                    f"The Docker engine was started but does not answer after {_START_SECONDS:.0f} seconds "
                    f"({_short(exc)}); see {_dockerd_log(context)}."
                ) from exc
        time.sleep(0.3)
