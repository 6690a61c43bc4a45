"""Operations of this command on this machine: one at a time on a preview.

The engine's lock on a stack (:mod:`operations.engine.stack_locks`) keeps out everybody everywhere, for one update or
one step between updates. A deploy that fails is several (the failed one, then putting back), so this command also holds
a lock of its own over all of them. It is the kernel's, on a file of this machine, and ends with its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from operations.engine.holder import Holder
from operations.errors import LockedError

LOCK_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.25
OnNote = Callable[[str], None]


class Locks:
    """Locks of this command on this machine.

    Args:
        directory: Where their files are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextlib.contextmanager
    def held(self, stack: str, operation: str, wait_seconds: float, on_note: OnNote) -> Iterator[None]:
        """Hold a stack while the block runs.

        Args:
            stack: The stack.
            operation: Told to whoever waits.
            wait_seconds: How long to wait for another operation to end; 0: not at all.
            on_note: Told who is waited for.

        Raises:
            LockedError: Another operation held it for the whole wait.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + wait_seconds
        told = False
        while True:
            with self._path(stack).open("a+", encoding="utf-8") as file:
                if _taken(file) and _is_at(file, self._path(stack)):
                    _write(file, operation)
                    try:
                        yield
                    finally:
                        # While it is held: who waits for it notices, and makes a new one.
                        self._path(stack).unlink(missing_ok=True)
                    return
                holder = _written(file)
                if time.monotonic() >= deadline:
                    waited = f", which did not end within {wait_seconds:.0f} s" if wait_seconds else ""
                    raise LockedError(f"The stack {stack!r} is held by {holder or 'another operation'}{waited}.")
                if not told:
                    on_note(f"waiting for {holder or 'another operation'}")
                    told = True
            time.sleep(_POLL_SECONDS)

    def holder(self, stack: str) -> Holder | None:
        """The operation of this command that holds a stack on this machine; None where there is none."""
        try:
            with self._path(stack).open("r+", encoding="utf-8") as file:
                return None if _taken(file) else _written(file)
        except FileNotFoundError:
            return None

    def holders(self) -> Iterator[tuple[str, Holder]]:
        """Stacks that operations of this command hold on this machine, each with its holder."""
        for path in sorted(self._directory.glob("*.lock")):
            stack = path.name.removesuffix(".lock")
            if holder := self.holder(stack):
                yield stack, holder

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.lock"


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: IO[str], path: Path) -> bool:
    """Whether an open file is still the one that others will find: the holder before may have removed it."""
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _write(file: IO[str], operation: str) -> None:
    file.truncate(0)
    file.write(json.dumps(asdict(Holder.this(operation))))
    file.flush()


def _written(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        # Between taking and writing.
        return None
