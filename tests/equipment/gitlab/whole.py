"""Fills a directory whole or not at all, once for all runs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from toolchain.stamps import exclusive


def fill(
    directory: Path, what: str, command: Callable[[Path], Sequence[str]], *, there: Callable[[], object], seconds: float
) -> None:
    """Fill a directory by a command that runs in another one, which then takes its place.

    Args:
        directory: The directory.
        what: The command's name, for a person.
        command: What to run; prepares the directory that it is given, where it also runs.
        there: Whether it was filled before, or by somebody else meanwhile.
        seconds: How long the command may take.

    Raises:
        OSError: The command failed; the message says why.
    """
    with exclusive(directory.parent / "lock", lambda: None):
        if there():
            return
        partial = directory.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        done = subprocess.run(
            command(partial),
            cwd=partial,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        )
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[:1]
            raise OSError(f"{what} failed ({''.join(reason)})")
        partial.rename(directory)
