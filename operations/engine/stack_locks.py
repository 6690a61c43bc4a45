"""The engine's own lock on a stack, which is a file in the state backend: taken, shown, and cleared of the dead.

The engine takes it for one update at a time. What this command does between updates is done under the same lock, which
it takes in the engine's own way: a file of a name of its own, given up again where another one is there. So no engine
works on the stack meanwhile, whoever started it and where.

A holder is known to be dead only by what was noted of its process: in the file itself where this command took it, in a
note beside it where this command started the engine that took it.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace

from operations.engine.holder import ENGINE, Holder
from operations.engine.locks import OnNote
from operations.engine.store import Store
from operations.errors import LockedError, OperationError
from stacks.settings import PROJECT

LONGEST_HOURS = 2.0
"""No operation lasts longer than that: a lock that is older is left over."""

_LOCKS = f".pulumi/locks/organization/{PROJECT}/"
_NOTES = "notes"
_POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class StackLock:
    """A lock file.

    Attributes:
        stack: The stack.
        key: Its name in the backend.
        age: Time since it was made.
        holder: Who holds it.
    """

    stack: str
    key: str
    age: dt.timedelta
    holder: Holder

    def __str__(self) -> str:
        return f"{self.holder}, for {span_of(self.age)}"


class StackLocks:
    """Locks of all stacks.

    Args:
        store: Opens the state backend.
        longest: How long an operation lasts at most.
        on_note: Told who is waited for, and what was cleared.

    Attributes:
        longest: The same.
    """

    def __init__(self, store: Callable[[], Store], longest: dt.timedelta, on_note: OnNote) -> None:
        self._open = store
        self.longest = longest
        self._on_note = on_note

    def all(self, stack: str = "") -> list[StackLock]:
        """Locks of a stack; of all without one.

        Raises:
            OperationError: The backend cannot be read.
        """
        return self._all(stack)[0]

    def _all(self, stack: str) -> tuple[list[StackLock], list[StackLock]]:
        """Locks, and notes of the processes that may have taken them."""
        store, now = self._open(), dt.datetime.now(dt.UTC)
        listed = store.list(f"{_LOCKS}{stack}/" if stack else _LOCKS)
        locks: list[StackLock] = []
        notes: list[StackLock] = []
        for key, one in listed.items():
            of, _, name = key.removeprefix(_LOCKS).partition("/")
            if not name.endswith(".json") or (content := store.read(key)) is None:
                continue
            found = notes if name.startswith(f"{_NOTES}/") else locks
            found.append(StackLock(stack=of, key=key, age=now - one.changed, holder=_holder(content)))
        holders = [note.holder for note in notes]
        return [replace(lock, holder=_noted(lock.holder, holders)) for lock in locks], notes

    def overdue(self) -> list[StackLock]:
        """Locks that are older than any operation lasts."""
        return [lock for lock in self.all() if lock.age > self.longest]

    def clear(self, stack: str) -> list[StackLock]:
        """Clear what is left over; returns the locks that somebody holds.

        Raises:
            OperationError: The backend cannot be used.
        """
        held = []
        locks, notes = self._all(stack)
        for lock in locks:
            if lock.holder.dead:
                self.remove(lock, "that process is gone")
            elif lock.age > self.longest:
                self.remove(lock, f"no operation lasts longer than {span_of(self.longest)}")
            else:
                held.append(lock)
        for note in notes:
            # Its process was killed before it had the lock, or when it had let go of it.
            if note.holder.dead or note.age > self.longest:
                self._open().delete(note.key)
        return held

    def remove(self, lock: StackLock, why: str) -> None:
        """Remove one lock: this one, and never one that was taken since."""
        self._open().delete(lock.key)
        self._open().delete(_note(lock.stack, lock.holder))
        self._on_note(f"cleared the lock of {lock}: {why}")

    @contextmanager
    def held(self, stack: str, operation: str, wait_seconds: float) -> Iterator[None]:
        """Hold a stack's lock while the block runs, as the engine does over an update.

        Raises:
            LockedError: Another operation held it for the whole wait.
            OperationError: The backend cannot be used.
        """
        store, key = self._open(), f"{_LOCKS}{stack}/{uuid.uuid4()}.json"
        deadline = time.monotonic() + wait_seconds
        told = False
        while True:
            held = self.clear(stack)
            if not held:
                try:
                    store.write(key, _content(Holder.this(operation)))
                    # Who looked at the same moment has seen no lock either: then both give way.
                    held = [lock for lock in self.all(stack) if lock.key != key]
                    if not held:
                        yield
                        return
                finally:
                    try:
                        store.delete(key)
                    except KeyboardInterrupt:
                        # Which comes once. A lock that stayed would keep out everybody, this process too.
                        store.delete(key)
                        raise
            if time.monotonic() >= deadline:
                raise self.refusal(stack, held, wait_seconds)
            if not told:
                self._on_note(f"waiting for {listed(held)}")
                told = True
            time.sleep(_POLL_SECONDS * (0.5 + random.random()))  # noqa: S311  so that two do not meet again

    @contextmanager
    def noted(self, stack: str, pid: int) -> Iterator[Callable[[], None]]:
        """Note an engine's process beside the lock that it is about to take.

        Yields:
            To be called where it did not end by itself, and may have left its lock: the note stays.
        """
        holder = Holder.this(ENGINE, pid)
        key, kept = _note(stack, holder), []
        # Without a note its lock only ends later; that must not keep it from its work.
        with suppress(OperationError):
            self._open().write(key, _content(holder))
        try:
            yield lambda: kept.append(True)
        finally:
            if not kept:
                with suppress(OperationError):
                    self._open().delete(key)

    def refusal(self, stack: str, held: Sequence[StackLock], wait_seconds: float) -> LockedError:
        """What is to be said of a stack that others hold."""
        waited = f", which did not end within {wait_seconds:.0f} s" if wait_seconds else ""
        files = " and ".join(self._open().address(lock.key) for lock in held)
        cure = f"; if its process is gone, delete {files} (pulumi cancel does it too)" if files else ""
        return LockedError(
            f"The stack {stack!r} is held by {listed(held)}{waited}. Wait for it to end{cure}. A lock that is older "
            f"than {span_of(self.longest)} is cleared by whoever comes next."
        )


def listed(locks: Sequence[StackLock]) -> str:
    """Locks in words."""
    return ", ".join(map(str, locks)) or "another operation"


def span_of(age: dt.timedelta) -> str:
    """A time in words: ``40 s``, ``12 min``, ``2 h``."""
    seconds = max(0, age.total_seconds())
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.3g} h"


def _note(stack: str, holder: Holder) -> str:
    return f"{_LOCKS}{stack}/{_NOTES}/{holder.pid}-{holder.started}.json"


def _noted(holder: Holder, notes: Sequence[Holder]) -> Holder:
    """A holder with what was noted of its process, if it was."""
    for note in notes:
        if not holder.boot and (note.host, note.pid) == (holder.host, holder.pid) and not _before(holder, note):
            return replace(holder, boot=note.boot, namespace=note.namespace, started=note.started)
    return holder


def _before(holder: Holder, note: Holder) -> bool:
    """Whether a lock is older than the process that a note is about."""
    try:
        return dt.datetime.fromisoformat(holder.since) < dt.datetime.fromisoformat(note.since)
    except (ValueError, TypeError):
        return True


def _content(holder: Holder) -> bytes:
    """A lock file as the engine reads it, with what it does not look at."""
    values = asdict(holder)
    engines = {"username": values.pop("user"), "hostname": values.pop("host"), "timestamp": values.pop("since")}
    return json.dumps({**engines, **values}).encode()


def _holder(content: bytes) -> Holder:
    try:
        values = json.loads(content)
        dt.datetime.fromisoformat(values["timestamp"])
        own = {name: str(values[name]) for name in ("operation", "boot", "namespace", "started") if name in values}
        return Holder(
            user=str(values["username"]),
            host=str(values["hostname"]),
            pid=int(values["pid"]),
            since=str(values["timestamp"]),
            **own,
        )
    except (ValueError, TypeError, KeyError):
        # Half written, or of an engine that writes them in another way.
        return Holder(user="somebody", host="an unknown machine", pid=0, since="")
