"""Runs the programs that set-up needs, with their output in a log file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolchain.report import SetupError

_COMPLAINTS = ("error", "fatal", "cannot", "no space", "denied", "fail")


def run_logged(
    argv: Sequence[str | Path],
    *,
    what: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    deadline: float = 3600,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run a program to its end.

    Args:
        argv: Program and arguments.
        what: What it is for; begins the sentence of an error.
        log: File that takes everything it prints.
        env: Environment; default this process's.
        deadline: Seconds after which it is killed.
        on_line: Gets each line as it is printed.

    Raises:
        SetupError: It could not be started, failed, or took too long.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last = ""
    with log.open("a") as sink:
        sink.write(f"$ {' '.join(map(str, argv))}\n")
        sink.flush()
        try:
            process = subprocess.Popen(
                [str(part) for part in argv],
                env=dict(env) if env is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as exc:
            raise SetupError(f"{what} failed because {argv[0]} could not be started: {exc.strerror}.") from exc
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            kill(process)

        timer = threading.Timer(deadline, expire)
        # Whoever is ended by a signal between these lines shall not wait for it.
        timer.daemon = True
        try:
            timer.start()
            for line in process.stdout or ():
                sink.write(line)
                text = line.strip()
                if text and (not last or _complains(text) or not _complains(last)):
                    last = text
                if text and on_line is not None:
                    on_line(text)
            code = process.wait()
        except BaseException:
            kill(process)
            process.wait()
            raise
        finally:
            timer.cancel()
            if process.stdout is not None:
                process.stdout.close()
    if expired.is_set():
        raise SetupError(f"{what} did not end within {deadline:.0f} seconds; see {log}.")
    if code != 0:
        raise SetupError(f"{what} failed: {last.rstrip('.') or f'exit code {code}'}; see {log}.")


def kill(process: subprocess.Popen[Any]) -> None:
    """Kill a program and all that it has started: a child would hold its output open, and us up."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _complains(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _COMPLAINTS)


def output_of(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, deadline: float = 20) -> str:
    """Standard output of a quick question; empty if the program has no answer."""
    try:
        return subprocess.run(
            [str(part) for part in argv],
            capture_output=True,
            text=True,
            timeout=deadline,
            check=True,
            stdin=subprocess.DEVNULL,
            env=dict(env) if env is not None else None,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def is_root() -> bool:
    """Whether packages can be installed and services started."""
    return os.geteuid() == 0
