"""Python packages of an image: downloaded before it is built, with what this machine's pip is set to."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from toolchain.context import Context
from toolchain.process import run_logged

REQUIREMENTS = "requirements.txt"
"""File of a recipe that names its packages, with versions and hashes."""

# The images are Debian 12's: Python 3.11 on glibc 2.36. Packages are built for the oldest glibc that they can do with.
_PYTHON = "3.11"
_GLIBC = range(17, 37)


def download(context: Context, recipe: Path, progress: Callable[[float | None, str], None]) -> list[tuple[Path, str]]:
    """Download the packages that a recipe names, for the images' Python whatever runs here.

    A container that is being built has neither this machine's proxy nor its certificates; pip on this machine has.

    Args:
        context: Of the run.
        recipe: Directory of the recipe.
        progress: Takes what is being done.

    Returns:
        Files, and their paths in the build's context; empty where the recipe names no packages.

    Raises:
        SetupError: The package index cannot be reached or has other files.
    """
    requirements = recipe / REQUIREMENTS
    if not requirements.exists():
        return []
    wheels = context.paths.cache / "build" / f"{recipe.name}-wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    progress(None, "pip download")
    tags = [f"manylinux_2_{minor}_{platform.machine()}" for minor in _GLIBC]
    run_logged(
        [
            *(sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--implementation", "cp", "--python-version", _PYTHON),
            *(part for tag in (*tags, f"manylinux2014_{platform.machine()}") for part in ("--platform", tag)),
            *("--dest", wheels, "--requirement", requirements),
        ],
        what=f"Downloading the Python packages of {recipe.name}",
        log=context.log(f"image-{recipe.name}"),
        deadline=900,
    )
    return [(path, f"wheels/{path.name}") for path in sorted(wheels.iterdir())]
