"""What the state backend knows of stacks.

States are read where the engine keeps them, without starting it: secrets in them are encrypted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any

from operations.engine.known import Known, recall, remember
from operations.engine.snapshot import Snapshot, State
from operations.engine.store import Listed, Store, store_of
from operations.errors import OperationError
from stacks.outputs import OutputsError
from stacks.settings import PROJECT

_PARALLEL_READS = 4
_STATES = f".pulumi/stacks/{PROJECT}/"
_OF_NO_RESOURCE = ("manifest", "secrets_providers", "metadata")
_STATE = re.compile(rf"{re.escape(_STATES)}([^/]+?)\.json(?:\.gz)?")


class Backend:
    """Stacks of this project in the backend that the environment names."""

    @cached_property
    def store(self) -> Store:
        """Where the engine keeps states and locks.

        Raises:
            OperationError: It is of another kind than this project knows.
        """
        return store_of(os.environ["PULUMI_BACKEND_URL"])

    def stacks(self) -> list[str]:
        """Names of all stacks of the project.

        Raises:
            OperationError: The backend cannot be read.
        """
        return _names(self._states())

    def snapshot(self, stack: str) -> Snapshot | None:
        """What the backend knows of a stack; None where there is no such stack.

        Raises:
            OperationError: The backend or the state cannot be read.
        """
        return self._snapshot(stack, self._states(stack))

    def snapshots(self, stacks: Sequence[str]) -> list[Snapshot | None]:
        """What the backend knows of stacks, read side by side; None for those that do not exist.

        Raises:
            OperationError: The backend or a state cannot be read.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return list(pool.map(self.snapshot, stacks))

    def readable(self, wanted: Callable[[str], bool]) -> tuple[dict[str, Snapshot], dict[str, OperationError]]:
        """States of stacks that can be read, and what is wrong with the others.

        Only states that were written since somebody last asked are read.

        Args:
            wanted: Says by its name whether a stack is meant.

        Raises:
            OperationError: The backend cannot be read.
        """
        listed = self._states()
        stacks = [name for name in _names(listed) if wanted(name)]
        known = {
            key: one
            for key, one in recall(self.store).items()
            if key in listed and one.version == listed[key].version and key in _keys(one.snapshot.stack)
        }
        found: dict[str, Snapshot | OperationError | None] = {
            stack: known[key].snapshot for stack in stacks if (key := _key(stack, listed)) in known
        }
        unknown = [stack for stack in stacks if stack not in found]

        def read(stack: str) -> Snapshot | OperationError | None:
            try:
                return self._snapshot(stack, listed)
            except OperationError as error:
                return error

        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            found |= zip(unknown, pool.map(read, unknown), strict=True)
        # Read after it was listed: written meanwhile, it has another version by the next time.
        fresh = {
            key: Known(version=listed[key].version, snapshot=one)
            for stack in unknown
            if (key := _key(stack, listed)) and isinstance(one := found[stack], Snapshot)
        }
        if fresh:
            remember(self.store, known | fresh)
        return (
            {stack: one for stack, one in found.items() if isinstance(one, Snapshot)},
            {stack: one for stack, one in found.items() if isinstance(one, OperationError)},
        )

    def _states(self, stack: str = "") -> Mapping[str, Listed]:
        """What the backend keeps of a stack's state; of all without one, which takes longer the more there are."""
        return self.store.list(f"{_STATES}{stack}.json" if stack else _STATES)

    def _snapshot(self, stack: str, listed: Mapping[str, Listed]) -> Snapshot | None:
        state = self._state(stack, listed)
        return Snapshot.of(stack, {"deployment": state.deployment}, made=state.changed) if state else None

    def _state(self, stack: str, listed: Mapping[str, Listed]) -> State | None:
        for key in _keys(stack):
            if key in listed and (content := self.store.read(key)) is not None:
                return State.of(key, content, listed[key].changed)
        return None

    def _existing_state(self, stack: str) -> State:
        state = self._state(stack, self._states(stack))
        if state is None:
            raise OperationError(f"There is no stack {stack!r} any more.")
        return state

    def _urns(self, stack: str, provider: str) -> list[str]:
        state = self._state(stack, self._states(stack))
        resources = state.deployment.get("resources", []) if state else []
        return [row["urn"] for row in resources if str(row["type"]).startswith(f"{provider}:")]

    def made(self, stack: str) -> str:
        """See :attr:`State.made`; empty where there is no such stack.

        Raises:
            OperationError: The backend or the state cannot be read.
        """
        state = self._state(stack, self._states(stack))
        return state.made if state else ""

    def edit(self, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a stack's state, whose lock is held; the one before is kept beside it, as the engine does.

        ``pulumi stack import`` would take the lock itself, and not notice what has changed since the export.

        Args:
            stack: The stack.
            change: Changes the latest deployment in place.

        Raises:
            OperationError: There is no such stack, or the backend refuses.
        """
        state = self._existing_state(stack)
        change(state.deployment)
        self.store.write(f"{state.key}.bak", state.stored)
        self.store.write(state.key, state.packed())

    def add(self, stack: str, like: str) -> None:
        """Make an empty stack whose lock is held; its secrets are encrypted as those of another are.

        Args:
            stack: The stack.
            like: The other.

        Raises:
            OperationError: The backend refuses, or has no other.
        """
        if _key(stack, self._states(stack)):
            return
        other = self._existing_state(like)
        empty = {key: value for key, value in other.deployment.items() if key in _OF_NO_RESOURCE}
        checkpoint = {"stack": f"organization/{PROJECT}/{stack}", "latest": empty}
        new = replace(
            other, key=other.key.replace(f"/{like}.", f"/{stack}."), content={**other.content, "checkpoint": checkpoint}
        )
        self.store.write(new.key, new.packed())

    def open_outputs(self, stack: str) -> Mapping[str, Any]:
        """Outputs of the stack's last successful update but its secrets, as its state says; empty where it has none.

        Raises:
            OutputsError: The backend or the state cannot be read.
        """
        try:
            found = self.snapshot(stack)
        except OperationError as error:
            raise OutputsError(str(error)) from error
        return found.outputs if found else {}


def _names(listed: Iterable[str]) -> list[str]:
    """Names of the stacks whose states are listed."""
    return sorted({found[1] for key in listed if (found := _STATE.fullmatch(key))})


def _keys(stack: str) -> tuple[str, str]:
    """Where a stack's state may be, in the order in which the engine looks for it."""
    return f"{_STATES}{stack}.json", f"{_STATES}{stack}.json.gz"


def _key(stack: str, listed: Mapping[str, Listed]) -> str:
    """Where a stack's state is; empty where it has none."""
    return next((key for key in _keys(stack) if key in listed), "")
