"""Who holds a preview: operations of this command on this machine, and the engine's own lock on the stack.

The engine locks a stack for one update at a time, whoever runs it and from where. A deploy that fails is several
updates (the failed one, then putting back), so this command also holds a lock of its own over all of them. It is the
kernel's, on a file of this machine, and ends with its process.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import getpass
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from operations.errors import LockedError
from stacks.moments import text_of

LOCK_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.25
_ENGINE_LOCK = re.compile(
    # The lock's address ends with the options of the backend's own, if it has any.
    r"(?P<file>[^\s?]+)(?:\?\S*)?: "
    r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)"
)

OnNote = Callable[[str], None]

ENGINE = "pulumi"
"""Operation of a holder that is the engine itself."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that works on a stack.

    Attributes:
        user: Who started it.
        host: Machine it runs on.
        pid: Its id there.
        since: RFC 3339 time of its start.
        operation: What it does: ``deploy``, ``destroy`` …; ``pulumi`` for the engine itself.
    """

    user: str
    host: str
    pid: int
    since: str
    operation: str = ENGINE

    def __str__(self) -> str:
        return f"{self.operation} by {self.user} on {self.host} (process {self.pid}) since {self.since}"

    @property
    def gone(self) -> bool:
        """Whether it ran on this machine and does not any more. Says nothing about other machines."""
        if self.host != socket.gethostname():
            return False
        try:
            name = Path(f"/proc/{self.pid}/comm").read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        # Its id may have been given to another program since.
        return not name.startswith("pulumi")


def holders_named_in(message: str) -> list[Holder]:
    """Holders out of what the engine says of a locked stack."""
    return [
        Holder(user=found["user"], host=found["host"], pid=int(found["pid"]), since=found["since"])
        for found in _ENGINE_LOCK.finditer(message)
    ]


def files_named_in(message: str) -> str:
    """Where the backend keeps those locks, out of the same."""
    return " and ".join(found["file"] for found in _ENGINE_LOCK.finditer(message))


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

    @contextlib.contextmanager
    def clearing(self, stack: str, holder: Holder) -> Iterator[bool]:
        """One process at a time may clear what a holder that is gone has left, and only once.

        Yields:
            Whether it is still to be cleared: who comes second must not take away what has been locked anew since.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._path(f"{stack}.cleared").open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = json.dumps(asdict(holder))
            if file.read() == text:
                yield False
                return
            yield True
            file.truncate(0)
            file.write(text)

    def forget(self, stack: str) -> None:
        """Remove the note of what was cleared, of a stack that is gone."""
        self._path(f"{stack}.cleared").unlink(missing_ok=True)

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
    now = text_of(dt.datetime.now(dt.UTC))
    holder = Holder(user=getpass.getuser(), host=socket.gethostname(), pid=os.getpid(), since=now, operation=operation)
    file.truncate(0)
    file.write(json.dumps(asdict(holder)))
    file.flush()


def _written(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        # Between taking and writing.
        return None
