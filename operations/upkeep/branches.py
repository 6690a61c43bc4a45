"""Branches of a Git remote."""

from __future__ import annotations

import os
import subprocess

from operations.errors import OperationError

_SECONDS = 60
_PREFIX = "refs/heads/"


def branches_of(remote: str) -> frozenset[str]:
    """Names of all branches of a remote.

    Args:
        remote: Address or path, as ``git`` takes it.

    Raises:
        OperationError: It cannot be reached, or names no branch at all, so that nothing can be said of any.
    """
    try:
        done = subprocess.run(
            ["git", "ls-remote", "--heads", "--", remote],
            capture_output=True,
            # A name is bytes that need be no UTF-8; such a branch can have no preview.
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            # Nobody is there to be asked for a password.
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
        failure = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no answer"])[-1]
    except subprocess.TimeoutExpired:
        failure = f"no answer within {_SECONDS} s"
    except FileNotFoundError:
        failure = "git is not installed"
    if failure:
        raise OperationError(
            f"The branches of the Git remote cannot be read ({failure}): check its address and your rights. "
            "Nothing was destroyed."
        )
    names = (line.partition("\t")[2].removeprefix(_PREFIX) for line in done.stdout.split("\n"))
    found = frozenset(name for name in names if name)
    if not found:
        raise OperationError("The Git remote has no branch at all: check its address. Nothing was destroyed.")
    return found
