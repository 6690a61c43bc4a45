"""Who hears of previews on behalf of GitLab."""

from __future__ import annotations

from operations.errors import OperationError
from operations.happening import Happening, Hears
from operations.machine.access import Machine
from operations.review.client import ask
from operations.review.content import after, key_of
from operations.review.deployments import Deployments
from operations.review.notes import write
from operations.review.settings import NOTE_TOKEN, GitLab

_NOTE_SECONDS = 10.0
_READ_SLOTS = 'cat -- "$PAGE/used" 2>/dev/null || :'
NOTE_FAILED = "The merge request's note cannot be written"


def hearers(gitlab: GitLab | None) -> list[Hears]:
    """Those who tell GitLab; none outside it. Of one happening they take a quarter of a minute at most.

    Args:
        gitlab: The project.
    """
    return [Deployments(gitlab), Notes(gitlab)] if gitlab else []


class Notes:
    """Hears what becomes of previews, and keeps their notes.

    Args:
        gitlab: The project.
    """

    def __init__(self, gitlab: GitLab) -> None:
        self._gitlab = gitlab

    def __call__(self, happening: Happening) -> None:
        """Bring the note up to date.

        Raises:
            OperationError: It cannot be written.
        """
        require_token(self._gitlab)
        key, slots = key_of(happening.name, happening.url), _slots(happening.machine)
        ask(
            self._gitlab,
            NOTE_FAILED,
            lambda project: write(
                project,
                self._gitlab,
                happening.name.branch,
                key,
                lambda before: after(before, happening, slots),
                logs=happening.logs,
                ended=happening.what == "gone",
            ),
            seconds=_NOTE_SECONDS,
            writing=True,
        )


def _slots(machine: Machine | None) -> str:
    """How many slots are in use, as the page of all previews was just told; empty where nobody knows."""
    if machine is None or not machine.base.page_directory:
        return ""
    try:
        return machine.run(_READ_SLOTS, {"PAGE": machine.base.page_directory}).strip()
    except OperationError:
        # Whoever writes the page has said so.
        return ""


def require_token(gitlab: GitLab) -> None:
    """Go no further where no note can be written.

    Raises:
        OperationError: There is no token that may.
    """
    if not gitlab.note_token:
        raise OperationError(
            f"{NOTE_TOKEN} is not set, so the merge request gets no note about the preview: a job's own token may only "
            "read notes (CONTRIBUTING, In GitLab)."
        )
