"""Watches the containers of previews: memory, processor and disk of each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bench.cgroups import Cgroup, Reading
from bench.figures import percent, shares
from bench.own_base import OwnBase

# The kernel's record of the largest use has the pages that it counted and then refused: it charges 64 at a time.
_REFUSED_BYTES = 64 * os.sysconf("SC_PAGE_SIZE")
_JITTER = 105.0
"""Percent of a processor limit that a sample may show: its ends do not meet those of the kernel's periods."""


@dataclass
class Watched:
    """A container and what was seen of it.

    Attributes:
        branch: Branch of its preview.
        service: Its service.
        container: What the engine says of it at the start.
        group: Its control group.
        memory_limit: In bytes, as the kernel has it.
        cpus: Limit in processors, as the kernel has it.
        moments: Seconds on the monotonic clock of each sample.
        readings: The samples.
    """

    branch: str
    service: str
    container: Any
    group: Cgroup
    memory_limit: int
    cpus: float
    moments: list[float] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def sample(self) -> None:
        """Look now; nothing once the container has ended, which :meth:`faults` tells of."""
        try:
            reading = self.group.read()
        except OSError:
            return
        self.moments.append(time.monotonic())
        self.readings.append(reading)

    @property
    def peak(self) -> int:
        """Largest memory in bytes, with the page cache."""
        return max(max(one.usage, one.recorded_peak) for one in self.readings)

    @property
    def working_set(self) -> int:
        """Largest working set in bytes."""
        return max(one.working_set for one in self.readings)

    @property
    def cpu_shares(self) -> list[float]:
        """Processor time between samples, in percent of the limit."""
        return shares([one.cpu_seconds for one in self.readings], self.moments, self.cpus)

    @property
    def mean_share(self) -> float:
        """Processor time over all samples, in percent of the limit."""
        first, last = self.readings[0], self.readings[-1]
        (share,) = shares([first.cpu_seconds, last.cpu_seconds], [self.moments[0], self.moments[-1]], self.cpus)
        return share

    @property
    def throttled(self) -> float:
        """Periods in which it had to wait, in percent of those in which it ran."""
        first, last = self.readings[0], self.readings[-1]
        return percent(last.throttled - first.throttled, last.periods - first.periods)

    def faults(self, after: Any) -> list[str]:
        """What is not as it should be, in words.

        Args:
            after: The container of this service and preview at the end; None where there is none.
        """
        name = self.container.name
        if after is None:
            return [f"{name} is gone"]
        found = []
        if after.id != self.container.id:
            found.append(f"{name} is another container")
        if after.attrs["RestartCount"]:
            found.append(f"{name} was restarted {after.attrs['RestartCount']} times")
        if not after.attrs["State"]["Running"]:
            found.append(f"{name} does not run")
        if self.readings[-1].oom_kills or after.attrs["State"]["OOMKilled"]:
            found.append(f"{name} ran out of memory (OOM kill)")
        if self.peak > self.memory_limit + _REFUSED_BYTES:
            found.append(f"{name} went over its memory limit, or has none")
        if not self.cpus or max(self.cpu_shares, default=0) > _JITTER:
            found.append(f"{name} went over its CPU limit, or has none")
        return found

    def as_dict(self) -> dict[str, Any]:
        """The samples, for JSON: a list for each figure."""
        start = self.moments[0]
        return {
            "service": self.service,
            "container": self.container.name,
            "memory_limit": self.memory_limit,
            "cpus": self.cpus,
            "seconds": [round(moment - start, 2) for moment in self.moments],
            **{figure.name: [getattr(one, figure.name) for one in self.readings] for figure in fields(Reading)},
        }


def watch(base: OwnBase, branches: Iterable[str]) -> list[Watched]:
    """All containers of some previews, not sampled yet.

    Raises:
        RuntimeError: One of them does not run on this machine.
    """
    found = []
    for branch in branches:
        for service, container in base.containers(branch).items():
            group = Cgroup.of(container.attrs["State"]["Pid"])
            found.append(Watched(branch, service, container, group, *group.limits()))
    return found


def disk(engine: Any, watched: Iterable[Watched]) -> dict[str, int]:
    """Bytes of each container's volumes and logs, by the container's name."""
    volumes = {one["Name"]: one["UsageData"]["Size"] for one in engine.df()["Volumes"] or []}
    found = {}
    for one in watched:
        attributes = one.container.attrs
        log = Path(attributes["LogPath"])
        logs = sum(file.stat().st_size for file in log.parent.glob(f"{log.name}*"))
        mounted = sum(volumes[mount["Name"]] for mount in attributes["Mounts"] if mount["Type"] == "volume")
        found[one.container.name] = logs + mounted
    return found
