"""Runs a command and measures its whole process tree."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# Reading a process's share of memory walks its pages: more often, and it would slow down what is measured.
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class Measured:
    """One run of a command.

    Attributes:
        seconds: Wall time.
        peak_mib: Largest memory of the process tree at one moment, shared pages counted once (PSS), in MiB.
    """

    seconds: float
    peak_mib: float


def measure(command: list[str], *, cwd: Path, environment: dict[str, str], log: Path) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed; the log has what it printed.
    """
    started = time.monotonic()
    peak = 0
    with log.open("ab") as sink, subprocess.Popen(command, cwd=cwd, env=environment, stdout=sink, stderr=sink) as run:
        while not _ended(run):
            peak = max(peak, sum(_pss_kib(pid) for pid in _tree(run.pid)))
        seconds = time.monotonic() - started
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {run.returncode}; see {log}.")
    return Measured(seconds, peak / 1024)


def _ended(run: subprocess.Popen[bytes]) -> bool:
    try:
        run.wait(_SAMPLE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
