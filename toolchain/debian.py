"""Packages of Debian and of systems made from it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence

from toolchain.context import Context, Step
from toolchain.process import is_root, run_logged


def may_install() -> bool:
    """Whether packages can be installed here: as root on Debian or a system made from it."""
    return is_root() and platform.system() == "Linux" and shutil.which("apt-get") is not None


def install(context: Context, step: Step, packages: Sequence[str], *, what: str, log: str) -> None:
    """Install packages, their lists read anew.

    Args:
        context: Of the run.
        step: Shows how it gets on.
        packages: Names.
        what: What it is for; begins the sentence of an error.
        log: Name of the log file.

    Raises:
        SetupError: They cannot be had.
    """
    step.progress(None, f"apt-get install {' '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
        run_logged(
            ["apt-get", "-q", *arguments],
            what=what,
            log=context.log(log),
            env=env,
            deadline=900,
            on_line=lambda line: step.progress(None, line[:80]),
        )
