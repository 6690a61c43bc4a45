"""Installs what the tests need from npm, as a lock file names it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stacks.paths import Paths
from tests.equipment.gitlab.whole import fill
from toolchain.stamps import fingerprint

_FILES = ("package.json", "package-lock.json")


@dataclass(frozen=True, kw_only=True)
class NpmProject:
    """Packages of npm.

    Attributes:
        name: What they are, in the cache.
        source: Folder of ``package.json`` and its lock file.
        seconds: How long their installation may take.
    """

    name: str
    source: Path
    seconds: float

    @property
    def modules(self) -> Path:
        """Where they are; another place for every lock file, so that what is there is complete and up to date."""
        return self._directory / "node_modules"

    @property
    def _directory(self) -> Path:
        return Paths.default().cache / self.name / fingerprint(*(self.source / name for name in _FILES))

    def install(self, there: Callable[[], object]) -> None:
        """Install them, whole or not at all.

        Args:
            there: Whether they are.

        Raises:
            OSError: They could not be installed; the message says why.
        """
        fill(self._directory, "npm ci", self._command, there=there, seconds=self.seconds)

    def _command(self, directory: Path) -> list[str]:
        for name in _FILES:
            shutil.copy2(self.source / name, directory)
        return ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
