"""Waits for the engine's own lock on a stack, and clears what is left over of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_fixed

from operations.engine.events import Listener, words
from operations.engine.locks import OnNote
from operations.engine.stack_locks import StackLock, StackLocks, listed
from operations.errors import EngineError

_POLL_SECONDS = 0.5
_LET_GO = re.compile(r"\.pulumi/locks/\S+\.json.*NotFound")
_CLEARING_SECONDS = 5.0


class LockWait:
    """How an operation of the engine is tried again while another one holds its stack.

    Args:
        locks: The engine's locks.
        on_note: Told who is waited for.
        wait_seconds: How long to wait for another operation to end.
    """

    def __init__(self, locks: StackLocks, on_note: OnNote, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._locks = locks
        self._on_note = on_note

    @contextmanager
    def attempts(self, stack: str, listener: Listener | None = None) -> Iterator[Retrying]:
        """Attempts of an operation until the engine's lock is free, and its failures as the project's own.

        Args:
            stack: The stack.
            listener: Knows what the engine has said went wrong, by the time it fails.

        Raises:
            LockedError: Another operation held the stack for the whole wait.
            EngineError: The operation failed.
        """
        from pulumi import automation

        held: list[StackLock] = []

        def over(state: RetryCallState) -> bool:
            held[:] = self._locks.clear(stack)
            # What is left over is cleared even by those that do not wait.
            seconds = self._wait_seconds if held else max(self._wait_seconds, _CLEARING_SECONDS)
            return (state.seconds_since_start or 0) >= seconds

        def before_sleep(state: RetryCallState) -> None:
            if held and state.attempt_number == 1:
                self._on_note(f"waiting for {listed(held)}")

        try:
            yield Retrying(
                retry=retry_if_exception(_contended),
                stop=over,
                wait=wait_fixed(_POLL_SECONDS),
                before_sleep=before_sleep,
                reraise=True,
            )
        except automation.errors.CommandError as error:
            if _contended(error):
                raise self._locks.refusal(stack, held, self._wait_seconds) from error
            said = "\n".join(listener.errors) if listener else ""
            raise EngineError(said or words(str(error)), listener.failed if listener else ()) from error


def _contended(error: BaseException) -> bool:
    """Whether another operation holds the stack, or has let it go while the engine looked who does."""
    from pulumi import automation

    if isinstance(error, automation.errors.ConcurrentUpdateError):
        return True
    return isinstance(error, automation.errors.CommandError) and bool(_LET_GO.search(str(error)))
