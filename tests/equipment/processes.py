"""Processes that a test has started, with all that they have started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
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
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in the second field may hold blanks and brackets.
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def has_ended(pid: int) -> bool:
    """Whether a process has ended, also where nobody has reaped it yet."""
    try:
        return "\nState:\tZ" in Path("/proc", str(pid), "status").read_text()
    except OSError:
        return True
