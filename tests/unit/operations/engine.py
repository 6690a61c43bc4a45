"""Stands in for the engine where a test is about what is decided, not about what Pulumi does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from operations.engine.holder import Holder
from operations.engine.snapshot import Snapshot
from operations.engine.stack_locks import StackLock
from operations.engine.workspace import Changes, Engine
from operations.errors import LockedError, OperationError
from stacks.names import slug_of, stack_of


@dataclass
class StandInEngine:
    """Stacks in memory.

    Attributes:
        states: Stack → its state.
        busy: Stacks that another operation holds.
        failures: Stack → errors that destroying it gives, one a time.
        destroyed: Stacks in the order in which they were destroyed.
        succeeded: Stack → when its last update succeeded, in its history.
        damaged: Stacks whose state cannot be read.
        left_over: Locks that are older than any operation lasts.
        longest: How long an operation lasts at most.
        under_lock: Stacks whose lock is held at the moment.
    """

    states: dict[str, Snapshot] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    succeeded: dict[str, str] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    left_over: list[StackLock] = field(default_factory=list)
    longest: dt.timedelta = dt.timedelta(hours=2)
    under_lock: set[str] = field(default_factory=set)

    @property
    def engine(self) -> Engine:
        """Itself, as what it stands in for."""
        return cast(Engine, self)

    def stacks(self) -> list[str]:
        return list(self.states)

    def snapshot(self, stack: str) -> Snapshot | None:
        found = self.states.get(stack)
        return replace(found, stack=stack) if found else None

    def snapshots(self, stacks: Sequence[str]) -> list[Snapshot | None]:
        return [self.snapshot(stack) for stack in stacks]

    def holder(self, stack: str) -> Holder | None:
        is_busy = stack in self.busy
        return Holder(user="u", host="h", pid=1, since="2026-01-10T00:00:00Z", operation="deploy") if is_busy else None

    def readable(self, wanted: Callable[[str], bool]) -> tuple[dict[str, Snapshot], dict[str, OperationError]]:
        stacks = [name for name in (*self.states, *self.damaged) if wanted(name)]
        readable = {stack: self.snapshot(stack) for stack in stacks if stack not in self.damaged}
        wrong = {stack: OperationError("The state is damaged.") for stack in stacks if stack in self.damaged}
        return {stack: one for stack, one in readable.items() if one}, wrong

    @property
    def stack_locks(self) -> StandInEngine:
        """Itself: locks that are left over."""
        return self

    def overdue(self) -> list[StackLock]:
        return self.left_over

    def remove(self, lock: StackLock, why: str) -> None:
        self.left_over.remove(lock)

    def last_good_end(self, stack: str) -> str:
        return self.succeeded.get(stack, "")

    @contextmanager
    def held(self, stack: str, operation: str, wait_seconds: float | None = None) -> Iterator[None]:
        if stack in self.busy:
            raise LockedError(f"The stack {stack!r} is held by deploy.")
        yield

    @contextmanager
    def locked(self, stack: str, operation: str, wait_seconds: float | None = None) -> Iterator[None]:
        with self.held(stack, operation):
            self.under_lock.add(stack)
            yield
            self.under_lock.discard(stack)

    def destroy(self, stack: str, on_step: object, require: Callable[[Snapshot], None] = lambda _: None) -> Changes:
        require(self.snapshot(stack) or Snapshot())
        if self.failures.get(stack):
            raise self.failures[stack].pop(0)
        self.destroyed.append(stack)
        del self.states[stack]
        return Changes(counts={"delete": 1})

    def edit(self, stack: str, change: Any) -> None:
        assert stack in self.under_lock
        before = self.states[stack]
        outputs = dict(before.outputs)
        state = {"resources": [{"urn": f"urn:…::{stack}", "type": "pulumi:pulumi:Stack", "outputs": outputs}]}
        change(state)
        self.states[stack] = replace(Snapshot.of(stack, {"deployment": state}), saved_at=before.saved_at)

    def reconfigure(self, stack: str, values: Mapping[str, Any]) -> None:
        pass

    def forget(self, stack: str) -> None:
        pass


def preview(branch: str, expires_at: str = "", **more: str) -> Snapshot:
    """State of a preview of a branch."""
    outputs = {"branch": branch, "slug": slug_of(branch), "base": "local", "expires_at": expires_at, **more}
    return Snapshot(stack=stack_of(slug_of(branch)), outputs=outputs, saved_at="2026-01-01T00:00:00Z")
