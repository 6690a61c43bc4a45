"""Processes of this machine, as the kernel tells of them in ``/proc``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_KERNEL = 2
"""Process that all threads of the kernel are children of."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """A process at one moment.

    Attributes:
        pid: Its id.
        name: Name of its program, of which the kernel keeps 15 characters.
        parent: Id of its parent.
        own_seconds: Processor time of its own.
        waited_seconds: Processor time of its ended children, and of theirs.
        started: Ticks from the machine's boot to its start; tells it from an earlier process of the same id.
        memory: Resident memory in bytes.
    """

    pid: int
    name: str
    parent: int
    own_seconds: float
    waited_seconds: float
    started: int
    memory: int

    @property
    def kernels(self) -> bool:
        """Whether it is a thread of the kernel."""
        return _KERNEL in (self.pid, self.parent)

    def open_files(self) -> int:
        """Files that it has open; 0 once it has ended."""
        try:
            return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())
        except OSError:
            return 0

    def has_variable(self, assignment: str) -> bool:
        """Whether it was started with a variable in its environment, given as ``NAME=value``."""
        try:
            return assignment.encode() in Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False


def parse(stat: str) -> Process:
    """Read a line of ``/proc/<pid>/stat``."""
    # The name is in brackets and may hold blanks and brackets itself.
    pid, _, rest = stat.partition(" (")
    name, _, rest = rest.rpartition(") ")
    fields = rest.split()
    user, system, waited_user, waited_system = (int(field) / _TICKS for field in fields[11:15])
    return Process(
        pid=int(pid),
        name=name,
        parent=int(fields[1]),
        own_seconds=user + system,
        waited_seconds=waited_user + waited_system,
        started=int(fields[19]),
        memory=int(fields[21]) * _PAGE,
    )


def running() -> list[Process]:
    """All processes but the kernel's threads, the oldest first."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            found.append(parse(file.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue
    return sorted((one for one in found if not one.kernels), key=lambda one: (one.started, one.pid))


def named(processes: list[Process], name: str) -> Process:
    """The oldest process of a program: tests start engines of their own beside the machine's.

    Raises:
        RuntimeError: None runs on this machine.
    """
    for one in processes:
        if one.name == name:
            return one
    raise RuntimeError(f"{name} does not run on this machine: its figures cannot be read.")
