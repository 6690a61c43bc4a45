"""Asks GitLab within a limited time, and says in one sentence what could not be done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from operations.errors import OperationError
from operations.redact import redact
from operations.review.settings import NOTE_TOKEN, GitLab

# The client is only imported where GitLab is asked: it would add half a second to every command.
if TYPE_CHECKING:
    from gitlab.v4.objects import Project

T = TypeVar("T")

_REQUEST_SECONDS = 4.0
_LONGEST_REASON = 200
_LATE = "GitLab did not answer in time"


class GitLabError(OperationError):
    """GitLab could not be asked, or did not do it."""


def ask(
    gitlab: GitLab,
    what: str,
    task: Callable[[Project], T],
    *,
    seconds: float,
    writing: bool = False,
) -> T:
    """Do something in GitLab's project, and take no longer than so many seconds, whatever GitLab or the network does.

    Where GitLab asks to wait, that is done as long as there is time.

    Args:
        gitlab: The project.
        what: What cannot be done where it fails, for a person: "The note … cannot be written".
        task: Does it with the project of python-gitlab, of which nothing has been asked yet.
        seconds: How long it may take.
        writing: Whether notes or files are written, which a job's token may not; else it is the one that is used, where
            there is one.

    Returns:
        What the task returned.

    Raises:
        GitLabError: It was not done; no secret is in the message.
    """
    end = time.monotonic() + seconds
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(task(_project(gitlab, end, writing=writing)))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits; an answer may be of any form
            failed.append(error)

    # A thread: neither the resolver nor an answer that comes byte by byte keeps to a limit. What it is late with ends
    # at its next request.
    thread = threading.Thread(target=run, name="GitLab", daemon=True)
    thread.start()
    thread.join(seconds)
    if done:
        return done[0]
    reason = _reason(failed[0], gitlab, writing=writing) if failed else _LATE
    sentence = f"{what}: {redact(reason, gitlab.secrets)}. The preview is none the worse for it."
    raise GitLabError(sentence) from (failed[0] if failed else None)


def _project(gitlab: GitLab, end: float, *, writing: bool) -> Project:
    from gitlab import Gitlab

    from operations.review.hurry import HurriedSession

    job = _uses_job_token(gitlab, writing=writing)
    client = Gitlab(
        gitlab.server,
        job_token=gitlab.job_token if job else None,
        private_token=None if job else gitlab.note_token,
        ssl_verify=gitlab.ca_file or True,
        # An address that GitLab gives for the next page may be one that a job cannot reach.
        keep_base_url=True,
        per_page=100,
        session=HurriedSession(end, _REQUEST_SECONDS),
    )
    return client.projects.get(gitlab.project, lazy=True)


def _uses_job_token(gitlab: GitLab, *, writing: bool) -> bool:
    """Whether the job's token will do: the other one may do more, so it is kept for what needs it."""
    return bool(gitlab.job_token) and not (writing and gitlab.note_token)


def _reason(error: Exception, gitlab: GitLab, *, writing: bool) -> str:
    import requests
    from gitlab.exceptions import GitlabError

    if isinstance(error, requests.Timeout):
        return _LATE
    if isinstance(error, requests.RequestException):
        return f"GitLab cannot be reached ({type(error).__name__})"
    if not isinstance(error, GitlabError) or error.response_code is None:
        return f"GitLab gave an answer that nobody expected ({type(error).__name__})"
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}…"
    name = "the job's token" if _uses_job_token(gitlab, writing=writing) else NOTE_TOKEN
    advice = {
        401: f": check {name}, it may have expired",
        403: f": check what {name} may do (CONTRIBUTING, In GitLab)",
        404: f": check that {name} belongs to the project",
    }.get(error.response_code, "")
    return f"GitLab answered {said or error.response_code}{advice}"
