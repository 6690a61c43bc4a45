"""Waits for the engine's own lock on a stack, and clears one whose process is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pulumi import automation
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_fixed

from operations.engine.events import Listener, words
from operations.engine.locks import Holder, Locks, OnNote, files_named_in, holders_named_in
from operations.errors import EngineError, LockedError

_POLL_SECONDS = 0.5
_CLEARING_SECONDS = 5.0


class LockWait:
    """How an operation of the engine is tried again while another one holds its stack.

    Args:
        locks: Locks of this command, under which the engine's are cleared.
        cancel: Clears the engine's lock on a stack.
        on_note: Told who is waited for, and what was cleared.
        wait_seconds: How long to wait for another operation to end.
    """

    def __init__(self, locks: Locks, cancel: Callable[[str], None], on_note: OnNote, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._locks = locks
        self._cancel = cancel
        self._on_note = on_note

    @contextmanager
    def attempts(self, stack: str, listener: Listener | None = None, *, exists: bool = True) -> Iterator[Retrying]:
        """Attempts of an operation until the engine's lock is free, and its failures as the project's own.

        Args:
            stack: The stack.
            listener: Knows what the engine has said went wrong, by the time it fails.
            exists: Whether there is such a stack already; the engine only cancels for one that there is.

        Raises:
            LockedError: Another operation held the stack for the whole wait.
            EngineError: The operation failed.
        """
        wait_seconds = self._wait_seconds

        def over(state: RetryCallState) -> bool:
            # What a process that is gone has left is cleared even by those that do not wait.
            seconds = max(wait_seconds, _CLEARING_SECONDS) if _gone(_holders(state)) else wait_seconds
            return (state.seconds_since_start or 0) >= seconds

        def before_sleep(state: RetryCallState) -> None:
            self._clear_or_tell(stack, _holders(state), first=state.attempt_number == 1)

        try:
            yield Retrying(
                retry=retry_if_exception_type(automation.errors.ConcurrentUpdateError),
                stop=over,
                wait=wait_fixed(_POLL_SECONDS),
                before_sleep=before_sleep,
                reraise=True,
            )
        except automation.errors.ConcurrentUpdateError as error:
            holders = holders_named_in(str(error))
            waited = f", which did not end within {wait_seconds:.0f} s" if wait_seconds else ""
            cure = f"run pulumi cancel --yes --stack {stack}" if exists else f"delete {files_named_in(str(error))}"
            raise LockedError(
                f"The stack {stack!r} is held by {_listed(holders)}{waited}. Wait for it to end; if its process is "
                f"gone, {cure}."
            ) from error
        except automation.errors.CommandError as error:
            said = "\n".join(listener.errors) if listener else ""
            raise EngineError(said or words(error), listener.failed if listener else ()) from error

    def _clear_or_tell(self, stack: str, holders: list[Holder], *, first: bool) -> None:
        """Clear the lock of a process of this machine that is gone; else say who is waited for."""
        if not _gone(holders):
            if first:
                self._on_note(f"waiting for {_listed(holders)}")
            return
        with self._locks.clearing(stack, holders[0]) as still_there:
            if still_there:
                self._cancel(stack)
                self._on_note(f"cleared the lock of {_listed(holders)}: that process is gone")


def _holders(state: RetryCallState) -> list[Holder]:
    return holders_named_in(str(state.outcome.exception() if state.outcome else ""))


def _gone(holders: list[Holder]) -> bool:
    return bool(holders) and all(holder.gone for holder in holders)


def _listed(holders: list[Holder]) -> str:
    return ", ".join(str(holder) for holder in holders) or "another operation"
