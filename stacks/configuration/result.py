"""What a preview runs with."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a preview runs with.

    Attributes:
        files: Path below the configuration directory → file to copy, or text that takes its place.
        notes: What was taken from elsewhere, changed or left out, in words.
    """

    files: Mapping[str, Path | str]
    notes: tuple[str, ...]

    def write(self, destination: Path) -> None:
        """Put the files into a directory; what was there goes."""
        shutil.rmtree(destination, ignore_errors=True)
        for name, content in self.files.items():
            path = destination / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            else:
                path.write_text(content, encoding="utf-8", newline="")
