"""Runs the workload generator as a child process and reads its log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.equipment.processes import of_each
from tests.equipment.programs import wait_for

SCRIPT = Path(__file__).parents[2] / "workload" / "generate.sh"
PATTERNS = ("SPIKE", "VALLEY", "RAMP UP", "RAMP DOWN", "STEADY MEDIUM", "BURST")
PATH = "/usr/lib/postgresql/15/bin:/usr/bin:/bin"


def _hear_every_signal() -> None:
    """Undo what a parent that runs in the background ignores: Bash cannot trap what was ignored when it started."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of `generate.sh --plan`."""

    pattern: str
    kind: str
    seconds: float
    command: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a generator ended: exit status, seconds that it took, command lines of processes left behind."""

    status: int
    seconds: float
    left: list[str]


def run_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the generator to its end."""
    return subprocess.run(
        [SCRIPT, *arguments],
        env={"PATH": PATH, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def plan(steps: int, seed: int, **environment: str) -> list[Step]:
    """The first steps of the sequence that a seed gives."""
    done = run_script("--plan", str(steps), WORKLOAD_SEED=str(seed), **environment)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [
        Step(pattern=row[0], kind=row[1], seconds=float(row[2]), command=row[3] if len(row) > 3 else "") for row in rows
    ]


def seed_starting_with(pattern: str) -> int:
    """The smallest seed whose sequence starts with a pattern."""
    return next(seed for seed in range(1, 1000) if plan(1, seed)[0].pattern == pattern)


class Generator:
    """A running generator; what it prints is collected line by line."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [SCRIPT],
            env={"PATH": PATH, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_hear_every_signal,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return "".join(self._lines)

    def await_log(self, expression: str, *, seconds: float = 20.0) -> str:
        """Waits until a regular expression is found in the log (lines without their time) and returns the match."""

        def search() -> str:
            if self.process.poll() is not None:
                self._reader.join(2)
            text = re.sub(r"^\S+Z ", "", self.output, flags=re.MULTILINE)
            found = re.search(expression, text, re.MULTILINE)
            if not found and self.process.poll() is not None:
                pytest.fail(f"ended before {expression!r}:\n{self.output}")
            assert found, self.output
            return found.group(0)

        return wait_for(f"{expression!r} in the log", search, seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ending:
        """Sends a signal and waits for the end."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(30)
        # At once: a forgotten child would hold the pipe, and so the reader, until it has ended by itself.
        ending = Ending(status=status, seconds=time.monotonic() - began, left=self.processes())
        self._reader.join(2)
        return ending

    def processes(self) -> list[str]:
        """Command lines of the generator and all its descendants that still run."""
        return [command for _, command in self._session()]

    def kill(self) -> None:
        """Ends whatever is left, without ceremony."""
        for pid, _ in self._session():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def _session(self) -> Iterator[tuple[int, str]]:
        """Process id and command line of all that run in the generator's session (zombies do not)."""
        sessions = {}
        for pid, status in of_each("stat"):
            # The name in the second field may hold blanks and brackets.
            state, _, _, session, *_ = status.rpartition(b")")[2].split()
            sessions[pid] = int(session) if state != b"Z" else None
        for pid, arguments in of_each("cmdline"):
            # One that ends has no arguments any more.
            if arguments and sessions.get(pid) == self.process.pid:
                yield pid, arguments.replace(b"\0", b" ").decode()
