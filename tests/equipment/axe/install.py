"""Installs axe-core, which finds what keeps people from reading a page, from npm."""

from __future__ import annotations

import shutil
from pathlib import Path

from stacks.paths import Paths
from tests.equipment.gitlab.whole import fill
from toolchain.stamps import fingerprint

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_INSTALL_SECONDS = 300


def _directory() -> Path:
    return Paths.default().cache / "axe-core" / fingerprint(*(_HERE / name for name in _FILES))


def script() -> Path | None:
    """The script; None where it is not installed."""
    found = _directory() / "node_modules/axe-core/axe.min.js"
    return found if found.exists() else None


def install() -> None:
    """Install it, whole or not at all.

    Raises:
        OSError: It could not be installed; the message says why.
    """
    fill(_directory(), "npm ci", _npm, there=script, seconds=_INSTALL_SECONDS)


def _npm(directory: Path) -> list[str]:
    for name in _FILES:
        shutil.copy2(_HERE / name, directory)
    return ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
