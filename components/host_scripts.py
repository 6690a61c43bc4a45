"""The scripts of ``host/``, which run on the machine that previews run on."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "host"


def host_file(name: str) -> str:
    """Text of a file of ``host/``."""
    return (FOLDER / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """Text of the script ``host/NAME.sh``."""
    return host_file(f"{name}.sh")
