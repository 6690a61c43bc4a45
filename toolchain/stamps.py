"""Remembers what was made from what, so that nothing is made twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.report import How

_NOT_INPUTS = frozenset({"testdata", "__pycache__", ".gitignore"})


def inputs(root: Path) -> Iterator[Path]:
    """Files below a directory (or the file itself) that decide how an artefact comes out, in a stable order.

    Tests, their data and a binary that somebody built beside its sources do not.
    """
    if root.is_file():
        yield root
        return
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not path.is_file() or _NOT_INPUTS.intersection(relative.parts) or path.name.endswith("_test.go"):
            continue
        if relative == Path(root.name):
            continue
        yield path


def fingerprint(*parts: str | Path) -> str:
    """Digest of texts and of the content of files and directories."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(b"text\0" + part.encode() + b"\0")
            continue
        for path in inputs(part):
            name = path.relative_to(part).as_posix() if part.is_dir() else path.name
            content = path.read_bytes()
            mode = path.stat().st_mode & 0o100
            digest.update(f"file\0{name}\0{mode}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What is known about an artefact that was made.

    Attributes:
        key: Fingerprint of what it was made from.
        how: How it was had.
        path: Where it is.
        version: Its version.
    """

    key: str
    how: How
    path: str = ""
    version: str = ""


class Stamps:
    """Stamps in a directory. A stamp is written only when its artefact is complete."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, name: str) -> Stamp | None:
        """The stamp of an artefact; none if there is no readable one."""
        try:
            return Stamp(**json.loads((self._directory / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, name: str, stamp: Stamp) -> None:
        """Write a stamp, whole or not at all."""
        self._directory.mkdir(parents=True, exist_ok=True)
        partial = self._directory / f".{name}.partial"
        partial.write_text(json.dumps(asdict(stamp)))
        partial.replace(self._directory / f"{name}.json")


@contextmanager
def exclusive(lock: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one set-up run at a time; a second one waits for the first and then finds everything done.

    Args:
        lock: File to lock.
        on_wait: Called if there is something to wait for.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
