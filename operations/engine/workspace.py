"""The Pulumi engine, driven through its Automation API, which only this module and its neighbours import.

They import it where they use it: it takes a third of a second to load, which whoever only reads states is spared.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from operations.engine import notes
from operations.engine.answers import EARLIER_PASSWORD, Answers
from operations.engine.backend import Backend
from operations.engine.events import Listener, OnStep
from operations.engine.holding import Holding
from operations.engine.locks import LOCK_WAIT_SECONDS, Locks, OnNote
from operations.engine.process import EngineProcess
from operations.engine.snapshot import Snapshot
from operations.engine.stack_files import StackFiles
from operations.engine.stack_locks import LONGEST_HOURS, StackLocks
from operations.engine.waiting import LockWait
from operations.errors import EngineError, OperationError
from stacks.paths import Paths

if TYPE_CHECKING:
    from pulumi import automation

    from operations.engine.vendor import Workspace

# What can start together does; the engine's own default is four for each processor, and some waits take no processor.
_PARALLEL = 32

Require = Callable[[Snapshot], None]
"""Raises what speaks against an operation, in view of the stack's state."""


def _anything(_: Snapshot) -> None:
    """Nothing speaks against it."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What an update did: operation → number of resources, and how long it took in seconds."""

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def changed(self) -> int:
        """Resources that were made, changed or removed."""
        return sum(count for operation, count in self.counts.items() if operation != "same")


class Engine(Answers, Backend, StackFiles, Holding):
    """Stacks of this project in the backend that the environment names.

    Args:
        paths: Where the project and its locks are.
        version: Version of the engine.
        on_note: Told in words of what is waited for or put right.
        wait_seconds: How long to wait for another operation that holds a stack to end; 0: not at all.
        longest: How long an operation lasts at most: an engine is ended before, and a lock that is older is cleared.
    """

    def __init__(
        self,
        paths: Paths,
        version: str,
        on_note: OnNote,
        *,
        wait_seconds: float = LOCK_WAIT_SECONDS,
        longest: dt.timedelta = dt.timedelta(hours=LONGEST_HOURS),
    ) -> None:
        Answers.__init__(self, EngineProcess(version, longest), str(paths.checkout))
        StackFiles.__init__(self, paths)
        Holding.__init__(
            self, Locks(paths.data / "locks"), StackLocks(lambda: self.store, longest, on_note), on_note, wait_seconds
        )
        self._waiting = LockWait(self.stack_locks, on_note, wait_seconds)

    def _workspace(self, stack: str, *, goes: bool = False) -> Workspace:
        from operations.engine.vendor import Command, DestroyWorkspace, Workspace

        command = Command(self.process.noted(partial(self.stack_locks.noted, stack)))
        return (DestroyWorkspace if goes else Workspace)(work_dir=self._directory, pulumi_command=command)

    def create(self, stack: str) -> None:
        """Make the stack where the backend has none.

        Raises:
            EngineError: The backend refuses it.
            LockedError: Another operation held its name for the whole wait.
        """
        from pulumi import automation

        with self._waiting.attempts(stack) as attempts:
            for attempt in attempts:
                with attempt, self._configuration_kept(stack), suppress(automation.errors.StackAlreadyExistsError):
                    self._workspace(stack).create_stack(stack)

    def up(self, stack: str, on_step: OnStep, *, refresh: bool = False, require: Require = _anything) -> Changes:
        """``pulumi up``, with the program run by this process, which has its modules loaded already.

        Args:
            stack: The stack.
            on_step: Told of each resource.
            refresh: First look whether what the state knows is still there.
            require: Raises what speaks against it, under the engine's lock and before anything of the program is made.

        Raises:
            OperationError: What ``require`` raises.
            EngineError: A resource failed; the message holds the engine's errors.
            LockedError: Another operation held the stack for the whole wait.
        """
        from stacks.program import run

        def program(first: Callable[[], None]) -> None:
            first()
            before = self.snapshot(stack)
            earlier = self.earlier_passwords(stack) if before and EARLIER_PASSWORD in before.ids else {}
            run(self.open_outputs, earlier)

        return self._operate(
            stack,
            on_step,
            lambda chosen, listener, first: chosen.up(
                program=partial(program, first), parallel=_PARALLEL, refresh=refresh, on_event=listener
            ),
            require=require,
        )

    def destroy(self, stack: str, on_step: OnStep, require: Require = _anything) -> Changes:
        """``pulumi destroy --remove``, from the state alone: the program that runs only asks whether it may.

        A run that dies leaves the state as it was, and can be run again.

        Args:
            stack: The stack.
            on_step: Told of each resource.
            require: Raises what speaks against it, under the engine's lock and before anything is touched.

        Raises:
            OperationError: What ``require`` raises.
            EngineError: A resource failed; the message holds the engine's errors.
            LockedError: Another operation held the stack for the whole wait.
        """
        try:
            changes = self._operate(
                stack,
                on_step,
                lambda chosen, listener, first: chosen.destroy(
                    program=first, run_program=True, parallel=_PARALLEL, on_event=listener
                ),
                self._workspace(stack, goes=True),
                require=require,
            )
        except EngineError:
            # An engine elsewhere has removed it before this one had the lock, for which this one has many words.
            if self.snapshot(stack):
                raise
            changes = Changes()
        self.forget(stack)
        return changes

    def destroy_only(self, stack: str, provider: str, on_step: OnStep) -> Changes:
        """``pulumi destroy --target`` of the resources of one provider, for when the others cannot be reached.

        Args:
            stack: The stack.
            provider: Start of the resources' types, such as ``cloudflare``.
            on_step: Told of each resource.

        Raises:
            EngineError: A resource failed.
            LockedError: Another operation held the stack for the whole wait.
        """
        if not (urns := self._urns(stack, provider)):
            return Changes()
        return self._operate(stack, on_step, lambda chosen, listener, _: chosen.destroy(target=urns, on_event=listener))

    def refresh_only(self, stack: str, provider: str, on_step: OnStep) -> None:
        """``pulumi refresh --target`` of the resources of one provider: what is gone leaves the state.

        See :meth:`destroy_only`.
        """
        if urns := self._urns(stack, provider):
            self._operate(stack, on_step, lambda chosen, listener, _: chosen.refresh(target=urns, on_event=listener))

    def forget(self, stack: str) -> None:
        """Remove what is kept for a stack that is gone, on this machine and beside the states."""
        notes.forget(self.store, stack)
        self.forget_files(stack)

    def remove(self, stack: str, *, force: bool = False) -> None:
        """``pulumi stack rm``, with the stack's configuration file.

        Args:
            stack: The stack.
            force: Also where it still has resources, which are then forgotten.

        Raises:
            EngineError: The stack still has resources.
            LockedError: Another operation held the stack for the whole wait.
        """
        with self._waiting.attempts(stack) as attempts:
            for attempt in attempts:
                with attempt:
                    self._workspace(stack).remove_stack(stack, force=force)
        self.forget(stack)

    def _operate(
        self,
        stack: str,
        on_step: OnStep,
        operation: Callable[[automation.Stack, Listener, Callable[[], None]], object],
        workspace: Workspace | None = None,
        require: Require = _anything,
    ) -> Changes:
        from pulumi import RunError, automation

        from operations.engine.vendor import Stack, mute_debug

        mute_debug()
        started = time.monotonic()
        listener = Listener(on_step)
        refused: list[OperationError] = []

        def first() -> None:
            """The engine holds its lock by now."""
            try:
                require(self.snapshot(stack) or Snapshot())
            except OperationError as error:
                refused.append(error)
                raise RunError(str(error)) from error

        with self._waiting.attempts(stack, listener) as attempts:
            selected = Stack(stack, workspace or self._workspace(stack))
            for attempt in attempts:
                with attempt, self._configuration_kept(stack):
                    listener.clear()
                    try:
                        operation(selected, listener, first)
                    except automation.errors.CommandError:
                        if refused:
                            raise refused[0] from None
                        raise
        return Changes(counts=listener.counts, seconds=time.monotonic() - started)
