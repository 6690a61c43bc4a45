"""Runs a program in a container of a preview, for whoever wants to look inside. Holds no lock: nothing is changed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from components.databases import POSTGRES_PROGRAM
from operations.engine.workspace import Engine
from operations.errors import UnhealthyError
from operations.find import existing, machine_at, require_service
from operations.machine.streams import Streams

SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
"""The best shell that an image has."""

DATABASES: Mapping[str, str] = MappingProxyType({"sink": "measurements", "target": "target_database"})
"""Service → the database in it that matters."""


def run_inside(
    engine: Engine, branch: str, service: str, command: Sequence[str], streams: Streams, base: str = ""
) -> int:
    """Run a program in the container of a service; a shell where none is named.

    Args:
        engine: The engine.
        branch: Branch name.
        service: Service.
        command: Program and arguments; never a secret: Docker tells them to whoever may ask it.
        streams: What the program reads and writes.
        base: Base that the preview must run on; empty: any.

    Returns:
        The program's exit code.

    Raises:
        BadInputError: There is no such service.
        NotFoundError: There is no such preview.
        UnhealthyError: The container does not run, or the preview sleeps.
        OperationError: The machine cannot be reached, or the connection to it broke.
        BrokenPipeError: Nobody reads the output any more.
    """
    require_service(service)
    found = existing(engine, branch, base)
    docker = machine_at(engine, found.outputs.base).docker
    container = next((state for state in docker.of_slug(found.name.slug) if state.service == service), None)
    if container is None or container.status != "running":
        name, quoted = f"preview-{found.name.slug}-{service}", shlex.quote(branch)
        if since := found.outputs.asleep_since:
            said = f"The preview of {branch!r} is asleep since {since}: wake it with ./preview wake {quoted}."
        else:
            said = f"The container {name} does not run (it is {container.status if container else 'gone'}): "
            said += f"./preview status {quoted} shows all of them."
        raise UnhealthyError(said, {})
    return docker.execute(container.name, command or SHELL, streams)


def psql(engine: Engine, branch: str, database: str, arguments: Sequence[str], streams: Streams, base: str = "") -> int:
    """Run psql as the superuser of one of a preview's databases; see :func:`run_inside`.

    It connects through the server's socket in the container, which trusts whoever may run a program there. So no
    password is read, passed on or shown.

    Args:
        engine: The engine.
        branch: Branch name.
        database: A key of :data:`DATABASES`.
        arguments: Further arguments.
        streams: What psql reads and writes.
        base: Base that the preview must run on; empty: any.
    """
    # The root file system is read-only: there is no place for a history.
    own = ("-v", "HISTFILE=/dev/null", "-U", "postgres", "-d", DATABASES[database])
    return run_inside(engine, branch, database, (*POSTGRES_PROGRAM, "psql", *own, *arguments), streams, base)
