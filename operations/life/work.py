"""What the steps of one deploy share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.machine.access import Machine
from stacks.names import PreviewName


@dataclass(frozen=True, kw_only=True)
class Work:
    """One deploy of one branch, while its stack is held.

    Attributes:
        engine: The Pulumi engine.
        machine: The machine of the preview's base.
        name: The preview.
        before: State of its stack before; empty where there was none.
        told: Who is told how it goes.
        interrupts: Says whether somebody wants it to stop.
    """

    engine: Engine
    machine: Machine
    name: PreviewName
    before: Snapshot
    told: Reporting
    interrupts: Interrupts

    @property
    def is_new(self) -> bool:
        """Whether the backend has no stack of it."""
        return not self.before.stack

    @property
    def updates(self) -> bool:
        """Whether there is a good version to go back to."""
        return self.before.preview is not None

    def started_over(self, why: str) -> Work:
        """The same work for a new preview, once the stack of the old one is destroyed.

        Raises:
            OperationError: Something cannot be removed.
        """
        self.told.note(why)
        self.engine.destroy(self.name.stack, self.told.step)
        return replace(self, before=Snapshot())
