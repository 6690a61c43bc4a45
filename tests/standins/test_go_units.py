"""The Go stand-ins' own checks, so that one command runs everything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

RECIPES = Path(__file__).resolve().parents[2] / "offline" / "images"


@pytest.mark.parametrize("recipe", ["grafana", "pgwatch"])
@pytest.mark.parametrize(
    "command", [["gofmt", "-l", "."], ["go", "vet", "./..."], ["go", "test", "./..."]], ids=" ".join
)
def test_go(recipe: str, command: list[str]) -> None:
    assert shutil.which(command[0]), f"{command[0]} is missing: install Go or put it on PATH"
    done = subprocess.run(command, cwd=RECIPES / recipe, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if command[0] == "gofmt":
        assert done.stdout == ""
