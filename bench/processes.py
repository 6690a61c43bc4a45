"""Processes of this machine."""

from __future__ import annotations

import psutil

_KERNEL = 2
"""Process that all threads of the kernel are children of."""

_ATTRIBUTES = ["pid", "ppid", "name", "create_time", "cpu_times", "memory_info"]


def running() -> list[psutil.Process]:
    """All processes but the kernel's threads, the oldest first; their ``info`` has what they were at this moment."""
    found = [one for one in psutil.process_iter(_ATTRIBUTES) if _KERNEL not in (one.pid, one.info["ppid"])]
    return sorted(found, key=lambda one: (one.info["create_time"], one.pid))


def named(processes: list[psutil.Process], name: str) -> list[psutil.Process]:
    """Processes of a program, the oldest first: tests start engines of their own beside the machine's.

    Raises:
        RuntimeError: None runs on this machine.
    """
    if found := [one for one in processes if one.info["name"] == name]:
        return found
    raise RuntimeError(f"{name} does not run on this machine: its figures cannot be read.")
