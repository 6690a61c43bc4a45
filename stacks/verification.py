"""The command ``verify`` with progress on the given console; apart from :mod:`stacks.cli`, as longer commands are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from stacks.operations.errors import BadInputError
from stacks.operations.junit import junit_xml
from stacks.operations.verify import Verification, VerifyRequest, verify
from stacks.operations.workspace import Engine
from stacks.render import Progressing


def verify_with_progress(
    pulumi: Engine, request: VerifyRequest, console: Console, *, junit: Path | None = None
) -> Verification:
    """Verify a preview, and show how it goes.

    Args:
        pulumi: The engine.
        request: What is asked for.
        console: Where progress goes.
        junit: File that gets the checks as JUnit XML.

    Raises:
        BadInputError: The file's directory does not exist.
        OperationError: See :func:`stacks.operations.verify.verify`.
    """
    if junit and not junit.absolute().parent.is_dir():
        raise BadInputError(f"The directory of {junit} does not exist: make it, or name a file elsewhere.")
    with Progressing(console, f"Verify {request.branch}").running() as shown:
        result = verify(pulumi, request, shown.note, shown.count)
    if junit:
        junit.write_text(junit_xml(f"preview {request.branch}", result.checks, result.seconds), encoding="utf-8")
    return result
