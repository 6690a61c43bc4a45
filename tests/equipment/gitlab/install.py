"""Installs what runs ``.gitlab-ci.yml`` here: gitlab-ci-local and the Node.js that it needs, both from npm."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from stacks.paths import Paths
from tests.equipment.gitlab.whole import fill
from toolchain.stamps import fingerprint

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
_INSTALL_SECONDS = 600


def _directory() -> Path:
    """Where it is; another place for every lock file, so that what is there is complete and up to date."""
    return Paths.default().cache / "gitlab-ci-local" / fingerprint(*(_HERE / name for name in _FILES))


def command() -> list[str] | None:
    """How to start gitlab-ci-local; None where it is not installed."""
    modules = _directory() / "node_modules"
    # Debian 12 has a Node.js that is too old.
    node = modules / f"node-linux-{_ARCHITECTURES.get(platform.machine(), '')}" / "bin" / "node"
    script = modules / "gitlab-ci-local" / "dist" / "index.js"
    return [str(node), str(script)] if node.exists() and script.exists() else None


def install() -> None:
    """Install it, whole or not at all.

    Raises:
        OSError: It could not be installed; the message says why.
    """
    fill(_directory(), "npm ci", _npm, there=command, seconds=_INSTALL_SECONDS)


def _npm(directory: Path) -> list[str]:
    for name in _FILES:
        shutil.copy2(_HERE / name, directory)
    return ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
