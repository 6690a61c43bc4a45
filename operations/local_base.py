"""Brings the base of this machine up."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import yaml

from components.labels import PART_OF_BASE, PREPARING
from operations.engine.events import OnStep
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import BadInputError, OperationError
from operations.machine.connection import way_on_this_machine
from operations.machine.docker import Docker
from stacks.names import LOCAL
from stacks.settings import PROJECT, LocalSettings
from stacks.validation import SettingsError, validate


def file_values(checkout: Path, stack: str) -> Mapping[str, object]:
    """Values of this project in a stack's configuration file; empty where there is no file.

    Raises:
        BadInputError: The file is not YAML.
    """
    path = checkout / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise BadInputError(f"{path.name} is not valid YAML: {str(error).splitlines()[0]}; correct it.") from error
    prefix = f"{PROJECT}:"
    return {
        key.removeprefix(prefix): value
        for key, value in (content.get("config") or {}).items()
        if key.startswith(prefix)
    }


def bring_up_local(engine: Engine, checkout: Path, on_step: OnStep) -> Changes:
    """``pulumi up`` of the local base, made first where it does not exist.

    Raises:
        BadInputError: Wrong configuration; all that is wrong is named, as the program would.
        OperationError: A port is taken, or the engine failed.
    """
    try:
        wanted = validate(LocalSettings, file_values(checkout, LOCAL), stack=LOCAL)
        docker = Docker(way_on_this_machine(wanted.engine(os.environ.get("DOCKER_HOST", ""))))
    except SettingsError as error:
        raise BadInputError(str(error)) from error
    _require_free_ports(wanted, docker)
    engine.create(LOCAL)
    return engine.up(LOCAL, on_step, refresh=_has_drifted(engine.snapshot(LOCAL), docker))


def _has_drifted(snapshot: Snapshot | None, docker: Docker) -> bool:
    """Whether something of the base was removed or stopped since, which an update alone does not look for."""
    if snapshot is None or snapshot.empty:
        return False
    there = {one.id for one in docker.belongings({PART_OF_BASE: "true"})}
    stopped = {one.id for one in docker.of_bases() if not (one.runs or one.name.endswith(PREPARING))}
    return not snapshot.in_docker <= there - stopped


def _require_free_ports(wanted: LocalSettings, docker: Docker) -> None:
    ours = docker.published_ports(f"{wanted.name_prefix}traefik")
    exporter = docker.is_running(f"{wanted.name_prefix}node-exporter")
    ports = {
        "httpPort": (wanted.bind_address, wanted.http_port),
        "httpsPort": (wanted.bind_address, wanted.https_port),
        "dashboardPort": ("127.0.0.1", wanted.dashboard_port),
        **({} if exporter else {"nodeExporterPort": ("127.0.0.1", wanted.node_exporter_port)}),
    }
    taken = [
        f"{port} ({key})" for key, (address, port) in ports.items() if port not in ours and not is_free(address, port)
    ]
    if taken:
        raise OperationError(
            f"In use by another program on this machine: port {', port '.join(taken)}. Stop that program, or choose "
            "other ports with pulumi config set KEY PORT --stack local. Nothing was changed."
        )


def is_free(address: str, port: int) -> bool:
    """Whether no program listens there.

    Whether one may is another question: Docker's engine may where its caller may not, and says best why it cannot.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True
