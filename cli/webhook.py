"""``webhook``, which the job that a GitLab webhook triggers runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from cli.app import AUTOMATION, Auto, Base, Json, Start
from cli.destroy import destroy_with_progress
from cli.result import Result, command, note
from operations.errors import BadInputError, NotFoundError, RefusedError


@command(AUTOMATION)
def webhook(
    payload: Annotated[Path, typer.Argument(help="File with the body of the webhook's request.")],
    project: Annotated[str, typer.Option(envvar="CI_PROJECT_ID", help="Number or path of the project in GitLab.")],
    base: Base = "local",
    auto: Auto = Start.MANUAL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> Result:
    """Destroy the preview that a GitLab webhook says has come to its end, or keep it, or do nothing."""
    from operations.upkeep.webhook import Labelled, Nothing, said

    try:
        text = payload.read_bytes()
    except OSError as error:
        raise BadInputError(
            f"The payload {payload} cannot be read ({error.strerror}): name a file that can."
        ) from error
    event = said(text, project, started_by_label=auto is Start.LABEL)
    if isinstance(event, Nothing):
        return _result("", "nothing to do", f"Nothing to do: {event.reason}.")
    if isinstance(event, Labelled):
        note(
            f"The merge request of the branch {event.branch!r} {'got' if event.kept else 'lost'} the label that keeps."
        )
        if dry_run:
            return _result(event.branch, "due", "Its preview would be kept, or kept no longer, if it has one.")
        return _labelled(event.branch, base, kept=event.kept)
    note(f"The preview of the branch {event.branch!r} has come to its end: {event.why}.")
    if dry_run:
        return _result(event.branch, "due", "Its preview would be destroyed, if it has one.")
    return _gone(event.branch, base, event.why)


def _gone(branch: str, base: str, why: str) -> Result:
    try:
        changes = destroy_with_progress(branch, base, why=why)
    except RefusedError as error:
        # Somebody else's preview has that slug, so the branch has none.
        return _result(branch, "nothing to do", f"Nothing to do: {error}")
    if changes is None:
        return _result(branch, "absent", "It had no preview.")
    return _result(branch, "destroyed", f"Its preview was destroyed in {changes.seconds:.1f} s.")


def _labelled(branch: str, base: str, *, kept: bool) -> Result:
    from cli.session import open_engine, quietly
    from operations.life.labels import LABEL
    from operations.upkeep.expiry import keep, unkeep

    engine, told = open_engine(), quietly()
    try:
        if kept:
            keep(engine, branch, told, base, by=LABEL)
            return _result(branch, "kept", "Its preview is kept.")
        after = unkeep(engine, branch, dt.datetime.now(dt.UTC), told, base, by=LABEL)
    except NotFoundError:
        return _result(branch, "absent", "It has no preview.")
    except RefusedError as error:
        return _result(branch, "nothing to do", f"Nothing to do: {error}")
    return _result(branch, "kept no longer", f"Its preview is kept no longer: it lives until {after.expires_at}.")


def _result(branch: str, result: str, said: str) -> Result:
    return Result(data={"branch": branch, "result": result}, note=said)
