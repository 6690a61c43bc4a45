"""``webhook``, which the job that a GitLab webhook triggers runs."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from cli.app import AUTOMATION, WAIT_SECONDS, Auto, Base, Json, Start
from cli.destroy import destroy_with_progress
from cli.result import Result, command, note
from operations.errors import BadInputError, NotFoundError, RefusedError
from stacks.names import PreviewName

_DELETED = "the branch was deleted"
_LATER = "Nothing was done: the next clean-up (./preview reap) looks again."
_WORDS = {
    "destroyed": "Its preview was destroyed: {why}.",
    "kept": "Its preview is kept: {why}.",
    "kept no longer": "Its preview is kept no longer, and lives for twelve hours at least: {why}.",
    "nothing to do": "Nothing to do: {why}.",
    "due": "Its preview would be destroyed, kept, or kept no longer: {why}.",
}


@command(AUTOMATION)
def webhook(
    payload: Annotated[Path, typer.Argument(help="File with the body of the webhook's request.")],
    project: Annotated[str, typer.Option(envvar="CI_PROJECT_ID", help="Number or path of the project in GitLab.")],
    base: Base = "local",
    auto: Auto = Start.MANUAL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> Result:
    """Destroy the preview of a branch that a GitLab webhook says was deleted; ask GitLab where a merge request changed.

    Then its preview is destroyed, kept or left as it is by the rules of reap.
    """
    from operations.upkeep.webhook import Changed, Nothing, said

    try:
        text = payload.read_bytes()
    except OSError as error:
        raise BadInputError(
            f"The payload {payload} cannot be read ({error.strerror}): name a file that can."
        ) from error
    event = said(text, project)
    if isinstance(event, Nothing):
        return _result("", "nothing to do", f"Nothing to do: {event.reason}.")
    if isinstance(event, Changed):
        note(f"The merge request of the branch {event.branch!r} {event.how}: asking GitLab what that ends or keeps.")
        return _changed(event.branch, started_by_label=auto is Start.LABEL, dry_run=dry_run)
    note(f"The preview of the branch {event.branch!r} has come to its end: {_DELETED}.")
    if dry_run:
        return _result(event.branch, "due", "Its preview would be destroyed, if it has one.")
    return _gone(event.branch, base)


def _gone(branch: str, base: str) -> Result:
    try:
        changes = destroy_with_progress(branch, base, why=_DELETED)
    except RefusedError as error:
        # Somebody else's preview has that slug, so the branch has none.
        return _result(branch, "nothing to do", f"Nothing to do: {error}")
    if changes is None:
        return _result(branch, "absent", "It had no preview.")
    return _result(branch, "destroyed", f"Its preview was destroyed in {changes.seconds:.1f} s.")


def _changed(branch: str, *, started_by_label: bool, dry_run: bool) -> Result:
    from cli.session import working
    from operations.review.client import GitLabError
    from operations.review.settings import gitlab_of
    from operations.upkeep.agree import settle_branch
    from operations.upkeep.settled import StaysError

    gitlab = gitlab_of(os.environ)
    if gitlab is None:
        return _result(branch, "skipped", f"GitLab can be asked by a job of a pipeline alone. {_LATER}")
    now = dt.datetime.now(dt.UTC)
    try:
        with working("Webhook", PreviewName(branch), WAIT_SECONDS) as session:
            row = settle_branch(
                session.engine,
                branch,
                gitlab,
                now,
                session.told,
                started_by_label=started_by_label,
                dry_run=dry_run,
            )
    except NotFoundError:
        return _result(branch, "absent", "It has no preview.")
    except GitLabError as error:
        return _result(branch, "skipped", f"{error} {_LATER}")
    except (RefusedError, StaysError) as error:
        return _result(branch, "nothing to do", f"Nothing to do: {str(error).rstrip('.')}.")
    return _result(branch, row.result, _WORDS[row.result].format(why=row.why))


def _result(branch: str, result: str, said: str) -> Result:
    return Result(data={"branch": branch, "result": result}, note=said)
