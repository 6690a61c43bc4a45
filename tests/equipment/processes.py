"""Processes that a test has started, with all that they have started."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def kill_tree(pid: int) -> None:
    """Kill a process and all below it at once, as when a machine or a runner dies."""
    # The oldest first: nobody shall tell it what became of its children.
    for one in family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def family(pid: int) -> list[int]:
    """A process and all below it, the oldest generation first."""
    children: dict[int, list[int]] = {}
    for child, status in of_each("stat"):
        # The name in the second field may hold blanks and brackets.
        parent = int(status.rpartition(b")")[2].split()[1])
        children.setdefault(parent, []).append(child)
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def of_each(name: str) -> Iterator[tuple[int, bytes]]:
    """Process id and content of a file of ``/proc``, for each process that has not ended meanwhile."""
    for directory in Path("/proc").glob("[0-9]*"):
        # Also a file that was there a moment ago, or is open already, may have nothing more to say.
        with suppress(OSError):
            yield int(directory.name), (directory / name).read_bytes()


def has_ended(pid: int) -> bool:
    """Whether a process has ended, also where nobody has reaped it yet."""
    try:
        return "\nState:\tZ" in Path("/proc", str(pid), "status").read_text()
    except OSError:
        return True


@contextmanager
def arguments_with(text: bytes) -> Iterator[list[str]]:
    """Arguments of processes, anywhere on this machine, that held a text while the block ran."""
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for _, content in of_each("cmdline"):
                if text in content:
                    seen.append(content.decode(errors="replace"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
