"""The scripts of ``host/``, which run on the machine that previews run on."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "host"
_PART = re.compile(r"^# part: ([a-z_]+)$", re.MULTILINE)


def host_file(name: str) -> str:
    """Text of a file of ``host/``."""
    return (FOLDER / name).read_text(encoding="utf-8")


def with_parts(text: str) -> str:
    """A script's text with ``host/parts/PART.sh`` in the place of each line ``# part: PART``."""
    return _PART.sub(lambda found: host_file(f"parts/{found[1]}.sh"), text)


def script(name: str) -> str:
    """Text of the script ``host/NAME.sh`` with its parts."""
    return with_parts(host_file(f"{name}.sh"))
