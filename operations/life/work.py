"""What the steps of one deploy, or of one wake, share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError
from operations.machine.access import Machine
from stacks.names import PreviewName
from stacks.outputs import PreviewOutputs


class OvertakenError(LockedError):
    """Another operation has changed the preview between two steps of this one."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One deploy, or one wake, of one branch, while its stack is held.

    Attributes:
        engine: The Pulumi engine.
        machine: The machine of the preview's base.
        name: The preview.
        before: State of its stack before; empty where there was none.
        told: Who is told how it goes.
        interrupts: Says whether somebody wants it to stop.
        operation: What it is; told to whoever waits for it.
        records: What an update of its own would record of the preview; None where it makes none.
        lost: What was recorded of the preview before its remains were removed; None where nothing was.
    """

    engine: Engine
    machine: Machine
    name: PreviewName
    before: Snapshot
    told: Reporting
    interrupts: Interrupts
    operation: str = "deploy"
    records: PreviewOutputs | None = None
    lost: PreviewOutputs | None = None

    @property
    def is_new(self) -> bool:
        """Whether the backend has no stack of it."""
        return not self.before.stack

    @property
    def updates(self) -> bool:
        """Whether there is a good version to go back to."""
        return self.before.preview is not None

    def is_made(self, now: Snapshot) -> bool:
        """Whether its own update has ended well: outputs change with the last step of the engine."""
        made = self.records
        return made is not None and now.preview == made and self.before.preview != made

    @contextmanager
    def locked(self) -> Iterator[Work]:
        """The same work on what is there while nobody else works on the stack, wherever.

        Raises:
            LockedError: Another operation held the stack for the whole wait.
        """
        with self.engine.locked(self.name.stack, self.operation):
            yield replace(self, before=self.engine.snapshot(self.name.stack) or Snapshot())

    def require_unchanged(self, now: Snapshot) -> None:
        """Go no further where somebody else was at the stack since its lock was held.

        Its own update that has ended is nobody else's: a first deploy is removed also where only a later step failed.

        Raises:
            OvertakenError: Somebody was.
        """
        if (now.outputs != self.before.outputs and not self.is_made(now)) or now.owner not in ("", self.name.branch):
            raise OvertakenError(
                f"Another operation has changed the preview of the slug {self.name.slug!r} meanwhile: nothing more was "
                "done. Look at it with ./preview list, and run this again if it is still wanted."
            )
