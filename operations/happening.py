"""What operations tell of a preview to whoever wants to know: reviewers, the page of all previews, the history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from operations.errors import words_of
from stacks.names import PreviewName

if TYPE_CHECKING:
    from operations.machine.access import Machine

What = Literal[
    "deploying", "live", "failed", "rolled back", "broken", "extended", "kept", "asleep", "ends soon", "gone"
]


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that has happened to a preview.

    Attributes:
        what: What has. ``live``: a deploy, an update or a wake succeeded; ``failed``: a first deploy failed, and
            nothing is left of it; ``rolled back``: an update failed, and the last good version runs; ``broken``: one
            failed, and that version could not be put back; ``kept``: it is kept beyond its end, or no longer.
        name: The preview.
        machine: The machine of its base; None where it is lost.
        by: Who did it: the login of GitLab's user, or the name of this machine's; ``reap`` where nobody did.
        at: When.
        commit: Commit that it is about; empty where nobody said.
        url: Public address.
        expires_at: End of life, RFC 3339 in UTC; empty where unknown, or where it is kept.
        why: What went wrong, or why it ended: a sentence or a clause, without secrets.
        logs: Container that failed → its last lines, without secrets.
    """

    what: What
    name: PreviewName
    machine: Machine | None
    by: str
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    commit: str = ""
    url: str = ""
    expires_at: str = ""
    why: str = ""
    logs: Mapping[str, str] = field(default_factory=dict)


Hears = Callable[[Happening], None]


def nobody(happening: Happening) -> None:
    """Hears it, and does nothing."""


def all_of(hearers: Sequence[Hears], note: Callable[[str], None]) -> Hears:
    """One hearer for several.

    What one of them cannot do is said once, and neither stops the operation nor the others: the next thing that happens
    to the preview makes up for it.

    Args:
        hearers: Who wants to know; each raises where it cannot do its part.
        note: Told what could not be done.
    """
    faults: set[str] = set()

    def hear(happening: Happening) -> None:
        for hearer in hearers:
            try:
                hearer(happening)
            except Exception as error:  # noqa: BLE001  whatever it is, the operation is none the worse for it
                if (said := words_of(error)) not in faults:
                    faults.add(said)
                    note(said)

    return hear
