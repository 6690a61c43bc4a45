"""Processor time that the container engine itself takes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.processes import running

_PROGRAMS = ("dockerd", "containerd", "runc", "docker-proxy")
"""How the names of the engine's programs begin; containerd's shims are called after it."""


@dataclass(frozen=True)
class EngineTime:
    """Processor time of the engine's processes so far.

    Attributes:
        moment: Seconds on the monotonic clock.
        own: Process id → seconds of its own.
        waited: Process id → seconds of the children that it has waited for: runc, and the commands of health checks,
            which the kernel counts in the container's group as well.
    """

    moment: float
    own: dict[int, float]
    waited: dict[int, float]


def taken() -> EngineTime:
    """Look now."""
    engine = {one.pid: one.info["cpu_times"] for one in running() if one.info["name"].startswith(_PROGRAMS)}
    return EngineTime(
        moment=time.monotonic(),
        own={pid: times.user + times.system for pid, times in engine.items()},
        waited={pid: times.children_user + times.children_system for pid, times in engine.items()},
    )


def seconds_a_minute(start: EngineTime, end: EngineTime) -> dict[str, float]:
    """Processor seconds a minute between two looks, of the processes that were there at both."""
    minutes = (end.moment - start.moment) / 60
    return {
        name: sum(after[pid] - before[pid] for pid in before.keys() & after.keys()) / minutes
        for name, before, after in (("own", start.own, end.own), ("waited", start.waited, end.waited))
    }
