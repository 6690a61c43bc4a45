"""Holds stacks: against this command on this machine, and against engines wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from operations.engine.holder import Holder
from operations.engine.locks import Locks, OnNote
from operations.engine.stack_locks import StackLocks


class Holding:
    """Who works on stacks, and how one does so alone.

    Args:
        locks: Locks of this command on this machine.
        stack_locks: The engine's locks.
        on_note: Told who is waited for.
        wait_seconds: How long to wait for another operation that holds a stack to end; 0: not at all.

    Attributes:
        stack_locks: The engine's locks.
    """

    def __init__(self, locks: Locks, stack_locks: StackLocks, on_note: OnNote, wait_seconds: float) -> None:
        self.stack_locks = stack_locks
        self._locks = locks
        self._on_note = on_note
        self._wait_seconds = wait_seconds

    def holder(self, stack: str) -> Holder | None:
        """The operation of this command that works on a stack on this machine at the moment; None where none does."""
        return self._locks.holder(stack)

    def holders(self) -> Iterator[tuple[str, Holder]]:
        """Stacks that operations of this command hold on this machine, each with its holder."""
        return self._locks.holders()

    def held(self, stack: str, operation: str, wait_seconds: float | None = None) -> AbstractContextManager[None]:
        """Hold a stack over several updates, against other operations of this command on this machine.

        Args:
            stack: The stack.
            operation: Told to whoever waits.
            wait_seconds: How long to wait for another operation, where not as this engine does.

        Raises:
            LockedError: Another one held it for the whole wait.
        """
        return self._locks.held(stack, operation, self._waits(wait_seconds), self._on_note)

    def _waits(self, seconds: float | None) -> float:
        return self._wait_seconds if seconds is None else seconds

    def locked(self, stack: str, operation: str, wait_seconds: float | None = None) -> AbstractContextManager[None]:
        """Hold the engine's lock on a stack for a step between updates; no engine works on the stack meanwhile.

        An operation of the engine's own cannot run within: it takes the lock anew, and is told what has to hold then.

        Raises:
            LockedError: Another operation held it for the whole wait.
        """
        return self.stack_locks.held(stack, operation, self._waits(wait_seconds))
