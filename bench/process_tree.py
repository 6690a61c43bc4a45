"""Runs commands and measures what they cost: time, memory, processor time."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# Reading a process's share of memory walks its pages: more often, and it would slow down what is measured. The first
# samples come sooner, so that a command of less than a second has some too.
_FIRST_SAMPLE_SECONDS = 0.1
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is run, where, and with which environment."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run of a command.

    Attributes:
        seconds: Wall time.
        peak_mib: Largest memory of the process tree at one moment, shared pages counted once (PSS), in MiB.
        cpu_seconds: User and system time of those processes of the tree that their parents waited for.
        machine_cpu_seconds: Busy time of the whole machine meanwhile: daemons, containers, and whatever else ran.
    """

    seconds: float
    peak_mib: float
    cpu_seconds: float
    machine_cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Together:
    """Several commands that were started at once.

    Attributes:
        seconds: Until the last of them had ended.
        failed: How many ended with an error.
    """

    seconds: float
    failed: int


def measure(command: Command, log: Path) -> Measured:
    """Run a command to its end; no other child of this process may end meanwhile.

    Raises:
        RuntimeError: It failed; the log has what it printed.
    """
    cpu, machine, started = _children_seconds(), machine_busy_seconds(), time.monotonic()
    with log.open("ab") as sink:
        run = _start(command, sink.fileno())
        sampler = _Sampler(run.pid)
        sampler.start()
        run.wait()
        seconds = time.monotonic() - started
        measured = Measured(
            seconds=seconds,
            peak_mib=sampler.finish() / 2**20,
            cpu_seconds=_children_seconds() - cpu,
            machine_cpu_seconds=machine_busy_seconds() - machine,
        )
    if run.returncode:
        raise RuntimeError(f"{' '.join(command.argv)} ended with {run.returncode}; see {log}.")
    return measured


def together(commands: Sequence[Command], log: Path) -> Together:
    """Run commands side by side until all have ended."""
    started = time.monotonic()
    with log.open("ab") as sink:
        runs = [_start(command, sink.fileno()) for command in commands]
        codes = [run.wait() for run in runs]
    return Together(seconds=time.monotonic() - started, failed=sum(code != 0 for code in codes))


def machine_busy_seconds() -> float:
    """Seconds that the machine's processors have worked since it was started; stolen time is not its own."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq


def _start(command: Command, sink: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command.argv),
        cwd=command.cwd,
        env=dict(command.environment),
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
    )


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _Sampler(threading.Thread):
    """Samples the memory of a process tree, beside the wait for its end so that this is noticed at once."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._over = threading.Event()
        self._peak = 0

    def run(self) -> None:
        pause = _FIRST_SAMPLE_SECONDS
        while not self._over.wait(pause):
            self._peak = max(self._peak, sum(_pss(pid) for pid in _tree(self._root)))
            pause = min(2 * pause, _SAMPLE_SECONDS)

    def finish(self) -> int:
        """The peak in bytes."""
        self._over.set()
        self.join()
        return self._peak


def _tree(root: int) -> list[int]:
    """A process and all below it; psutil would look through all of the machine's, which costs ten times as much."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        # Threads and processes end while they are looked at.
        with suppress(OSError):
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    waiting += [int(child) for child in children.read_text().split()]
    return found


def _pss(pid: int) -> int:
    try:
        shared_once: int = psutil.Process(pid).memory_full_info().pss
    except psutil.Error:
        return 0
    return shared_once
