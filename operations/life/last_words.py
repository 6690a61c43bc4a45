"""What the containers of a preview that failed have to say, with every password masked."""

from __future__ import annotations

from contextlib import suppress

from operations.engine.workspace import Engine
from operations.machine.access import Machine
from operations.redact import redact


def secrets_of(engine: Engine, stack: str) -> set[str]:
    """Passwords to be masked; none where the stack does not say, as before its first resource."""
    # Undoing comes next, and nothing that goes wrong here may keep it from it.
    with suppress(Exception):
        return engine.secrets(stack)
    return set()


def last_words(machine: Machine, slug: str, secrets: set[str], *, container_failed: bool) -> dict[str, str]:
    """Container that is not well → its last lines; empty where Docker does not answer.

    Args:
        machine: The preview's machine.
        slug: The preview.
        secrets: What is masked.
        container_failed: Whether it was a container that failed; else those on their way have only been cut short.
    """
    with suppress(Exception):
        return {
            state.name: redact(machine.docker.last_lines(state.name), secrets)
            for state in machine.docker.failed(slug)
            if container_failed or (state.health != "starting" and state.status != "created")
        }
    return {}
