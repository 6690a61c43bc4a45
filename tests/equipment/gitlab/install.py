"""Installs what runs ``.gitlab-ci.yml`` here: gitlab-ci-local and the Node.js that it needs, both from npm."""

from __future__ import annotations

import platform
from pathlib import Path

from tests.equipment.npm import NpmProject

_PACKAGES = NpmProject(name="gitlab-ci-local", source=Path(__file__).parent, seconds=600)
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def command() -> list[str] | None:
    """How to start gitlab-ci-local; None where it is not installed."""
    modules = _PACKAGES.modules
    # Debian 12 has a Node.js that is too old.
    node = modules / f"node-linux-{_ARCHITECTURES.get(platform.machine(), '')}" / "bin" / "node"
    script = modules / "gitlab-ci-local" / "dist" / "index.js"
    return [str(node), str(script)] if node.exists() and script.exists() else None


def install() -> None:
    """Install it, whole or not at all.

    Raises:
        OSError: It could not be installed; the message says why.
    """
    _PACKAGES.install(there=command)
