"""Stands in for the engine where a test is about what is decided, not about what Pulumi does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from operations.engine.locks import Holder
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import LockedError
from stacks.names import slug_of, stack_of


@dataclass
class StandInEngine:
    """Stacks in memory.

    Attributes:
        states: Stack → its state.
        locked: Stacks that another operation holds.
        failures: Stack → errors that destroying it gives, one a time.
        destroyed: Stacks in the order in which they were destroyed.
        succeeded: Stack → when its last update succeeded, in its history.
    """

    states: dict[str, Snapshot] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    succeeded: dict[str, str] = field(default_factory=dict)

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
        busy = stack in self.locked
        return Holder(user="u", host="h", pid=1, since="2026-01-01T00:00:00Z", operation="deploy") if busy else None

    def last_good_end(self, stack: str) -> str:
        return self.succeeded.get(stack, "")

    @contextmanager
    def held(self, stack: str, operation: str) -> Iterator[None]:
        if stack in self.locked:
            raise LockedError(f"The stack {stack!r} is held by deploy.")
        yield

    def destroy(self, stack: str, on_step: object) -> Changes:
        if self.failures.get(stack):
            raise self.failures[stack].pop(0)
        self.destroyed.append(stack)
        del self.states[stack]
        return Changes(counts={"delete": 1})

    def edit(self, stack: str, change: Any) -> None:
        outputs = dict(self.states[stack].outputs)
        state = {"resources": [{"urn": f"urn:…::{stack}", "type": "pulumi:pulumi:Stack", "outputs": outputs}]}
        change(state)
        self.states[stack] = Snapshot.of(stack, {"deployment": state})

    def reconfigure(self, stack: str, values: Mapping[str, Any]) -> None:
        pass


def preview(branch: str, expires_at: str = "", **more: str) -> Snapshot:
    """State of a preview of a branch."""
    outputs = {"branch": branch, "slug": slug_of(branch), "base": "local", "expires_at": expires_at, **more}
    return Snapshot(stack=stack_of(slug_of(branch)), outputs=outputs, saved_at="2026-01-01T00:00:00Z")
