"""The command of the job that a GitLab webhook triggers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.app import AUTOMATION, Base, app, err, note, phases
from operations.errors import BadInputError, RefusedError
from stacks.paths import Paths


@app.command(rich_help_panel=AUTOMATION)
def webhook(
    payload: Annotated[Path, typer.Argument(help="File with the body of the webhook's request.")],
    project: Annotated[str, typer.Option(envvar="CI_PROJECT_ID", help="Number or path of the project in GitLab.")],
    base: Base = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be destroyed.")] = False,
) -> None:
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
        note(f"Nothing to do: {event.reason}.")
        return
    note(f"The branch {event.branch!r} was {event.why}.")
    if dry_run:
        note("Its preview would be destroyed, if it has one.")
        return
    try:
        changes = phases().destroy_with_progress(Paths.default(), event.branch, base, err)
    except RefusedError as error:
        # Somebody else's preview has that slug, so the branch has none.
        note(f"Nothing to do: {error}")
        return
    note("It had no preview." if changes is None else f"Its preview was destroyed in {changes.seconds:.1f} s.")
