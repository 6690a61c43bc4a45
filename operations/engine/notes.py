"""A note for each stack, kept beside the states: a hint that the next operation on it may find useful, or worthless."""

from __future__ import annotations

from contextlib import suppress

from operations.engine.store import Store
from operations.errors import OperationError
from stacks.settings import PROJECT


def read(store: Store, stack: str) -> str:
    """The note; empty where there is none, or where it cannot be read."""
    with suppress(OperationError, UnicodeDecodeError):
        return (store.read(_key(stack)) or b"").decode()
    return ""


def write(store: Store, stack: str, note: str) -> None:
    """Keep another note. Where that cannot be written, the next operation has none that counts."""
    with suppress(OperationError):
        store.write(_key(stack), note.encode())


def forget(store: Store, stack: str) -> None:
    """Remove the note of a stack that is gone."""
    with suppress(OperationError):
        store.delete(_key(stack))


def _key(stack: str) -> str:
    return f"{PROJECT}/notes/{stack}"
