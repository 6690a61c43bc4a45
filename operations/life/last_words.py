"""What is said of a preview that failed: by its containers and by errors, with every password masked.

Where its passwords cannot be read, what may hold one is withheld: the words end in the logs of pipelines, and in notes.
"""

from __future__ import annotations

import re
from contextlib import suppress

from operations.engine.workspace import Engine
from operations.errors import EngineError, OperationError, words_of
from operations.life.watch import EndedError
from operations.machine.access import Machine
from operations.redact import redact

LOG_WITHHELD = "log withheld: its passwords could not be read"


def secrets_of(engine: Engine, stack: str) -> set[str] | None:
    """Passwords to be masked; empty where there is no stack, so none was ever made; None where they cannot be read."""
    # Undoing comes next, and nothing that goes wrong here may keep it from it.
    with suppress(Exception):
        return engine.secrets(stack)
    with suppress(Exception):
        if engine.snapshot(stack) is None:
            return set()
    return None


def last_words(
    machine: Machine, slug: str, secrets: set[str] | None, *, container_failed: bool, said: str = ""
) -> dict[str, str]:
    """Container that is not well → its last lines; empty where Docker does not answer.

    Args:
        machine: The preview's machine.
        slug: The preview.
        secrets: What is masked; None: nobody knows, and no line is shown.
        container_failed: Whether it was a container that failed; else those on their way have only been cut short.
        said: What failed; a container that it names is not only on its way.
    """
    with suppress(Exception):
        return {
            state.name: masked(machine.docker.last_lines(state.name), secrets)
            for state in machine.docker.failed(slug)
            if container_failed
            or (state.health != "starting" and state.status != "created")
            or re.search(rf"\b{re.escape(state.name)} is not (?:healthy|well)\b", said)
        }
    return {}


def masked(log: str, secrets: set[str] | None) -> str:
    """Lines of a container's log as they may be shown; see :func:`secrets_of`."""
    return LOG_WITHHELD if secrets is None else redact(log, secrets)


def said_of(error: BaseException, secrets: set[str] | None) -> str:
    """What an error says as it may be shown; see :func:`secrets_of`.

    What failed is named in any case. Words that may be a container's, or of which nobody knows whose they are, are not
    shown without masking them; this project's own sentences, and the engine's of itself, are.
    """
    if secrets is not None:
        return redact(words_of(error), secrets)
    if isinstance(error, EndedError):
        what = f"the container {error.container} did not come up"
    elif isinstance(error, EngineError) and error.failed:
        what = f"the engine could not do all that it began ({', '.join(sorted(error.failed))})"
    elif isinstance(error, OperationError):
        return str(error)
    else:
        what = f"{type(error).__name__} where none was expected"
    return f"{what[0].upper()}{what[1:]}; its words are withheld, because the preview's passwords could not be read."
