"""The command ``verify`` with progress on the given console; apart from :mod:`cli`, as longer commands are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cli.progress import Progressing
from operations.engine.workspace import Engine
from operations.errors import BadInputError
from operations.verify.report import junit_xml
from operations.verify.verify import Verification, VerifyRequest, verify


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
        BadInputError: A directory for results cannot be made.
        OperationError: See :func:`operations.verify.verify.verify`.
    """
    # What cannot be written is said before anything is waited for.
    for directory in (junit.absolute().parent if junit else None, request.pictures):
        if directory:
            _make(directory)
    with Progressing(console, f"Verify {request.branch}").running() as shown:
        result = verify(pulumi, request, shown.note, shown.count)
    if junit:
        junit.write_text(junit_xml(f"preview {request.branch}", result.checks, result.seconds), encoding="utf-8")
    return result


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"The directory {directory} cannot be made ({error.strerror}): name one that can be written to."
        ) from error
