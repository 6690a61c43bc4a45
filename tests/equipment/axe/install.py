"""Installs axe-core, which finds what keeps people from reading a page, from npm."""

from __future__ import annotations

from pathlib import Path

from tests.equipment.npm import NpmProject

_PACKAGES = NpmProject(name="axe-core", source=Path(__file__).parent, seconds=300)


def script() -> Path | None:
    """The script; None where it is not installed."""
    found = _PACKAGES.modules / "axe-core/axe.min.js"
    return found if found.exists() else None


def install() -> None:
    """Install it, whole or not at all.

    Raises:
        OSError: It could not be installed; the message says why.
    """
    _PACKAGES.install(there=script)
