"""What the kernel says about a container's memory and processor, in either version of control groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
# Where the kernel counts without end.
_UNLIMITED = 2**60


@dataclass(frozen=True)
class Reading:
    """A group at one moment.

    Attributes:
        usage: Memory in bytes as the limit sees it: with the page cache.
        recorded_peak: The largest that it ever was; 0 where the kernel keeps none (version 2, before Linux 5.19).
        working_set: The usage without the page cache that has not been used lately.
        cpu_seconds: Processor time so far.
        periods: Periods of the processor limit so far in which something ran.
        throttled: Those of them in which it had to wait for the next one.
        oom_kills: Processes that were killed because memory was short.
    """

    usage: int
    recorded_peak: int
    working_set: int
    cpu_seconds: float
    periods: int
    throttled: int
    oom_kills: int


@dataclass(frozen=True)
class Cgroup:
    """The control group of a process.

    Attributes:
        memory: Directory of its memory figures.
        cpu: Directory of its processor limit.
        accounting: Directory of its processor time.
        unified: Whether they are of version 2.
    """

    memory: Path
    cpu: Path
    accounting: Path
    unified: bool

    @classmethod
    def of(cls, pid: int) -> Cgroup:
        """The group of a running process.

        Raises:
            RuntimeError: The process does not run on this machine.
        """
        try:
            text = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
        except OSError as error:
            raise RuntimeError(f"Process {pid} does not run on this machine: its group cannot be read.") from error
        return cls.at(text, ROOT)

    @classmethod
    def at(cls, text: str, root: Path) -> Cgroup:
        """The group that the text of ``/proc/<pid>/cgroup`` names."""
        paths = {}
        for line in text.splitlines():
            _, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path.lstrip("/")))
        # Both versions can be there at once; the limits are then where version 1 has its controllers.
        if "memory" in paths:
            memory, cpu, accounting = (root / name / paths[name] for name in ("memory", "cpu", "cpuacct"))
            return cls(memory, cpu, accounting, unified=False)
        directory = root / paths[""]
        return cls(directory, directory, directory, unified=True)

    def read(self) -> Reading:
        """The figures now."""
        cpu = _table(self.cpu / "cpu.stat")
        memory = _table(self.memory / "memory.stat")
        if self.unified:
            usage, peak = _number(self.memory / "memory.current"), _number(self.memory / "memory.peak")
            inactive = memory["inactive_file"]
            seconds = cpu["usage_usec"] / 1e6
            kills = _table(self.memory / "memory.events")["oom_kill"]
        else:
            usage = _number(self.memory / "memory.usage_in_bytes")
            peak = _number(self.memory / "memory.max_usage_in_bytes")
            inactive = memory["total_inactive_file"]
            seconds = _number(self.accounting / "cpuacct.usage") / 1e9
            kills = _table(self.memory / "memory.oom_control")["oom_kill"]
        return Reading(
            usage=usage,
            recorded_peak=peak,
            working_set=max(usage - inactive, 0),
            cpu_seconds=seconds,
            periods=cpu.get("nr_periods", 0),
            throttled=cpu.get("nr_throttled", 0),
            oom_kills=kills,
        )

    def limits(self) -> tuple[int, float]:
        """Limits of memory in bytes and of processors, 0 where there is none."""
        if self.unified:
            memory = (self.memory / "memory.max").read_text().strip()
            quota, period = (self.cpu / "cpu.max").read_text().split()
            return 0 if memory == "max" else int(memory), 0.0 if quota == "max" else int(quota) / int(period)
        bytes_ = _number(self.memory / "memory.limit_in_bytes")
        quota_us, period_us = _number(self.cpu / "cpu.cfs_quota_us"), _number(self.cpu / "cpu.cfs_period_us")
        return 0 if bytes_ > _UNLIMITED else bytes_, max(quota_us / period_us, 0.0)


def _number(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


def _table(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}
