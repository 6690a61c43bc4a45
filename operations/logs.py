"""What the containers of a preview have logged."""

from __future__ import annotations

from collections.abc import Iterator

from operations.engine.workspace import Engine
from operations.find import Found, existing, machine_at, require_service
from operations.machine.runtime import Runtime
from operations.redact import redact


def last_lines(engine: Engine, branch: str, service: str, base: str = "") -> dict[str, str]:
    """Container → its last lines, secrets masked.

    Args:
        engine: The engine.
        branch: Branch name.
        service: Service; empty: all of them.
        base: Base that the preview must run on; empty: any.

    Raises:
        BadInputError: There is no such service.
        NotFoundError: There is no such preview.
        OperationError: Its machine cannot be reached.
    """
    found, docker, secrets = _source(engine, branch, service, base)
    return {
        state.name: redact(docker.last_lines(state.name), secrets)
        for state in docker.of_slug(found.name.slug)
        if service in ("", state.service)
    }


def follow(engine: Engine, branch: str, service: str, base: str = "") -> Iterator[str]:
    """Lines of a service's log as they come, secrets masked; see :func:`last_lines`."""
    found, docker, secrets = _source(engine, branch, service, base)
    names = [state.name for state in docker.of_slug(found.name.slug) if state.service == service]
    for line in docker.follow(names[0] if names else f"preview-{found.name.slug}-{service}"):
        yield redact(line, secrets)


def _source(engine: Engine, branch: str, service: str, base: str) -> tuple[Found, Runtime, set[str]]:
    if service:
        require_service(service)
    found = existing(engine, branch, base)
    return found, machine_at(engine, found.outputs.base).docker, engine.secrets(found.name.stack)
