"""Who a command works for, and who hears what it does to a preview."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable

from operations.happening import Hears, all_of
from operations.review.notify import VARIABLE, notifies
from operations.review.record import Links
from operations.review.settings import gitlab_of
from operations.review.writer import writes


def who() -> str:
    """Login of GitLab's user in a job of a pipeline, else the name of this machine's user; empty where nobody is."""
    try:
        return os.environ.get("GITLAB_USER_LOGIN") or getpass.getuser()
    except (OSError, KeyError):
        # A container may run as a number that has no name.
        return ""


def audience(note: Callable[[str], None]) -> Hears:
    """Everybody who hears of a preview.

    Args:
        note: Told what one of them could not do.
    """
    hears = [writes(_links()), notifies(os.environ.get(VARIABLE, ""))]
    if gitlab := gitlab_of(os.environ):
        # Takes long to import, which only they pay who have it.
        from operations.review.hearers import hearers
        from operations.upkeep.gitlab import stops_environment

        hears += [*hearers(gitlab), stops_environment(gitlab)]
    return all_of(hears, note)


def _links() -> Links:
    """Where GitLab shows what a job works on; empty outside of one."""
    project = os.environ.get("CI_PROJECT_URL", "")
    request = os.environ.get("CI_MERGE_REQUEST_IID", "")
    return Links(
        project=project,
        merge_request=f"{project}/-/merge_requests/{request}" if project and request else "",
        pipeline=os.environ.get("CI_PIPELINE_URL", ""),
    )
