"""``verify``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.app import LOOK, Branch, Json, OnlyBase, err
from cli.files import require_directory, require_file, write
from cli.result import Result, command, note
from operations.errors import BadInputError, NotFulfilledError, OperationError

if TYPE_CHECKING:
    from operations.engine.workspace import Engine
    from operations.verify.verify import Verification, VerifyRequest


@command(LOOK)
def verify(
    branch: Branch,
    base: OnlyBase = "",
    minutes: Annotated[
        int, typer.Option(min=1, max=24 * 60, help="Window of the activity; what it lacks is waited for.")
    ] = 10,
    screenshots: Annotated[Path | None, typer.Option(help="Directory that gets a picture of every dashboard.")] = None,
    against: Annotated[
        str, typer.Option(metavar="BRANCH", help="Draw that branch's preview too, and show in what dashboards differ.")
    ] = "",
    junit: Annotated[Path | None, typer.Option(help="File that gets the checks as JUnit XML, for CI.")] = None,
    as_json: Json = False,
) -> Result:
    """Check a preview as a viewer: address, dashboards, panels, and that the activity varies."""
    from cli.session import open_engine
    from cli.verify_table import verify_table
    from operations.verify.verify import VerifyRequest

    if against and not screenshots:
        raise BadInputError("--against compares pictures: say with --screenshots DIR where they go.")
    request = VerifyRequest(branch=branch, base=base, minutes=minutes, pictures=screenshots, against=against)
    found = verify_with_progress(open_engine(), request, junit=junit)
    _tell_reviewers(found)
    failure: NotFulfilledError | None = None
    try:
        found.require()
    except NotFulfilledError as error:
        failure = error
    return Result(text=verify_table(found), data=found.as_dict(), failure=failure)


def verify_with_progress(engine: Engine, request: VerifyRequest, *, junit: Path | None = None) -> Verification:
    """Verify a preview, and show how it goes.

    Args:
        engine: The engine.
        request: What is asked for.
        junit: File that gets the checks as JUnit XML.

    Raises:
        BadInputError: A file or a directory for results cannot be written.
        OperationError: See :func:`operations.verify.verify.verify`.
    """
    from cli.progress import Progressing
    from operations.verify.report import junit_xml
    from operations.verify.verify import verify as run

    # What cannot be written is said before anything is waited for.
    require_file(junit)
    if request.pictures:
        require_directory(request.pictures)
    with Progressing(err, f"Verify {request.branch}").running() as shown:
        result = run(engine, request, shown.note, shown.count)
    write(junit, junit_xml(f"preview {request.branch}", result.checks, result.seconds))
    return result


def _tell_reviewers(found: Verification) -> None:
    """Put the result, and pictures that were compared, into the merge request's note; what cannot be done is said."""
    from operations.review.settings import gitlab_of

    gitlab = gitlab_of(os.environ)
    if gitlab is None:
        return
    from operations.review.results import pictures, verified

    try:
        verified(gitlab, found.branch, found.url, found.commit, found.checks)
        if found.comparison:
            pictures(gitlab, found.branch, found.url, found.commit, found.comparison.pairs)
    except OperationError as error:
        note(str(error))
