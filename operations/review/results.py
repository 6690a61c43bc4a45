"""Results that a note shows beside the state: what ``verify`` found, pictures of the dashboards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from operations.review.client import ask
from operations.review.content import Content, Picture, Verified, key_of
from operations.review.hearers import NOTE_FAILED, require_token
from operations.review.notes import write
from operations.review.settings import GitLab
from operations.verify.checks import Check
from operations.verify.comparison import Pair
from stacks.names import PreviewName

if TYPE_CHECKING:
    from gitlab.v4.objects import Project

_NOTE_SECONDS = 10.0
_PICTURES_SECONDS = 60.0


def verified(gitlab: GitLab, branch: str, url: str, commit: str, checks: Sequence[Check]) -> None:
    """Put the result of ``verify`` into the note.

    Args:
        gitlab: The project.
        branch: Branch of the preview.
        url: Its public address.
        commit: Commit that was verified; empty where unknown.
        checks: What was found.

    Raises:
        OperationError: The note cannot be written.
    """
    result = Verified(
        commit=commit,
        passed=sum(check.ok is True for check in checks),
        checks=len(checks),
        missing=tuple(f"{check.name}: {check.detail}" for check in checks if check.ok is False),
        job_url=gitlab.job_url,
    )
    _put(gitlab, branch, url, commit, {"verified": result})


def pictures(gitlab: GitLab, branch: str, url: str, commit: str, pairs: Sequence[Pair]) -> None:
    """Upload pictures of dashboards, and show them in the note in the place of those before.

    Args:
        gitlab: The project.
        branch: Branch of the preview.
        url: Its public address.
        commit: Commit that was pictured; empty where unknown.
        pairs: The dashboards of it and of what it is compared with.

    Raises:
        OperationError: They cannot be uploaded, or the note cannot be written.
    """
    require_token(gitlab)

    def upload(project: Project) -> tuple[Picture, ...]:
        return tuple(
            Picture(
                title=one.title,
                before=_uploaded(project, one.before),
                after=_uploaded(project, one.after),
                remark=": ".join(filter(None, (one.state, "; ".join(one.words)))),
            )
            for one in pairs
        )

    linked = ask(
        gitlab,
        "Pictures of the dashboards cannot be uploaded to GitLab",
        upload,
        seconds=_PICTURES_SECONDS,
        writing=True,
    )
    _put(gitlab, branch, url, commit, {"pictures": linked, "pictures_of": commit})


def _uploaded(project: Project, file: Path | None) -> str:
    """Address of an uploaded file, as notes of the project link it."""
    return str(project.upload(file.name, filedata=file.read_bytes())["url"]) if file else ""


def _put(gitlab: GitLab, branch: str, url: str, commit: str, changes: Mapping[str, object]) -> None:
    """Change what the note says; one that is not there yet is made of what is known."""
    require_token(gitlab)
    key = key_of(PreviewName(branch), url)
    unknown = Content(state="live", at=dt.datetime.now(dt.UTC), url=url, commit=commit, runs=commit)
    ask(
        gitlab,
        NOTE_FAILED,
        lambda project: write(project, gitlab, branch, key, lambda known: (known or unknown).changed(changes)),
        seconds=_NOTE_SECONDS,
        writing=True,
    )
