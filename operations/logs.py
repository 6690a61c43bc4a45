"""What the containers of a preview have logged."""

from __future__ import annotations

from collections.abc import Iterator

from components.services import by_key
from operations.engine.workspace import Engine
from operations.errors import BadInputError
from operations.listing import docker_of
from operations.machine.containers import DockerEngine
from operations.redact import redact
from operations.upkeep.expiry import existing
from stacks.names import slug_of, stack_of


def last_lines(engine: Engine, branch: str, service: str) -> dict[str, str]:
    """Container → its last lines, secrets masked.

    Args:
        engine: The engine.
        branch: Branch name.
        service: Service; empty: all of them.

    Raises:
        BadInputError: There is no such service.
        NotFoundError: There is no such preview.
        OperationError: Its machine cannot be reached.
    """
    docker, secrets = _source(engine, branch, service)
    return {
        state.name: redact(docker.last_lines(state.name), secrets)
        for state in docker.of_slug(slug_of(branch))
        if service in ("", state.service)
    }


def follow(engine: Engine, branch: str, service: str) -> Iterator[str]:
    """Lines of a service's log as they come, secrets masked.

    Raises:
        BadInputError: There is no such service.
        NotFoundError: There is no such preview.
        OperationError: Its machine cannot be reached.
    """
    docker, secrets = _source(engine, branch, service)
    for line in docker.follow(f"preview-{slug_of(branch)}-{service}"):
        yield redact(line, secrets)


def _source(engine: Engine, branch: str, service: str) -> tuple[DockerEngine, set[str]]:
    if service and service not in by_key():
        raise BadInputError(f"There is no service {service!r}: services are {', '.join(sorted(by_key()))}.")
    snapshot = existing(engine, branch)
    return docker_of(engine, snapshot), engine.secrets(stack_of(slug_of(branch)))
