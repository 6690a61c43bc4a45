"""The Go stand-ins' own checks, so that one command runs everything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from toolchain.golang import COMPILER_FLAGS, build_environment

OFFLINE = Path(__file__).resolve().parents[2] / "offline"
COMMANDS = {"gofmt": ["gofmt", "-l"], "vet": ["go", "vet", *COMPILER_FLAGS], "test": ["go", "test", *COMPILER_FLAGS]}


@pytest.mark.parametrize("check", COMMANDS)
@pytest.mark.parametrize(
    ("module", "package"),
    [("images/grafana", "."), ("images/pgwatch", "."), ("go/internal", "command"), ("go/internal", "cloudflare")],
)
def test_a_stand_ins_own_checks_pass(module: str, package: str, check: str) -> None:
    command = COMMANDS[check]
    assert shutil.which(command[0]), f"{command[0]} is missing: install Go or put it on PATH"
    done = subprocess.run(
        [*command, f"./{package}" if check == "gofmt" else f"./{package}/..."],
        cwd=OFFLINE / module,
        env=build_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert check != "gofmt" or not done.stdout
