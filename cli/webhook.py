"""``webhook``, which the job that a GitLab webhook triggers runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.app import AUTOMATION, Base, Json
from cli.destroy import destroy_with_progress
from cli.result import Result, command, note
from operations.errors import BadInputError, RefusedError


@command(AUTOMATION)
def webhook(
    payload: Annotated[Path, typer.Argument(help="File with the body of the webhook's request.")],
    project: Annotated[str, typer.Option(envvar="CI_PROJECT_ID", help="Number or path of the project in GitLab.")],
    base: Base = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be destroyed.")] = False,
    as_json: Json = False,
) -> Result:
    """Destroy the preview of the branch that a GitLab webhook says was deleted or merged; else do nothing."""
    from operations.upkeep.webhook import Nothing, branch_gone

    try:
        text = payload.read_bytes()
    except OSError as error:
        raise BadInputError(
            f"The payload {payload} cannot be read ({error.strerror}): name a file that can."
        ) from error
    event = branch_gone(text, project)
    if isinstance(event, Nothing):
        return _result("", "nothing to do", f"Nothing to do: {event.reason}.")
    note(f"The branch {event.branch!r} was {event.why}.")
    if dry_run:
        return _result(event.branch, "due", "Its preview would be destroyed, if it has one.")
    try:
        changes = destroy_with_progress(event.branch, base)
    except RefusedError as error:
        # Somebody else's preview has that slug, so the branch has none.
        return _result(event.branch, "nothing to do", f"Nothing to do: {error}")
    if changes is None:
        return _result(event.branch, "absent", "It had no preview.")
    return _result(event.branch, "destroyed", f"Its preview was destroyed in {changes.seconds:.1f} s.")


def _result(branch: str, result: str, said: str) -> Result:
    return Result(data={"branch": branch, "result": result}, note=said)
