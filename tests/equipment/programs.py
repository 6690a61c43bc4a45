"""A program under test, HTTP, and waiting for a condition."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psycopg

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], seconds: float = 45.0, every: float = 0.05) -> T:
    """Call probe until it returns something true, and return that.

    Raises:
        AssertionError: after the given seconds, with the last result or error seen.
    """
    deadline = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < deadline:
        try:
            result = probe()
            if result:
                return result
            seen = result
        except (OSError, psycopg.Error, AssertionError) as error:
            seen = error
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds} s; seen last: {seen!r}")


def http_get(url: str, seconds: float = 5.0) -> tuple[int, str]:
    """Return status and body; an error status is a result, not an exception."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Program:
    """A program under test whose output goes to a file."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        """Start it with nothing of this process's environment but PATH and what env adds."""
        self._log = folder / f"{Path(command[0]).name}-{secrets.token_hex(3)}.log"
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env={"PATH": os.environ["PATH"], **(env or {})}, stdout=out, stderr=out
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def terminate(self, seconds: float = 10.0) -> tuple[int, float]:
        """Send SIGTERM; return the exit code and the seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=seconds)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
