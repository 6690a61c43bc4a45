"""A stack of the real engine with a program of the test's own."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.paths import Paths
from toolchain.environment import environment


def _environment(root: Path) -> dict[str, str]:
    backend = {"PULUMI_BACKEND_URL": f"file://{root / 'state'}", "PULUMI_CONFIG_PASSPHRASE": "for this test"}
    return {**os.environ, **environment(Paths.default()), **backend, "PULUMI_STACK": "one"}


@functools.cache
def _empty() -> tempfile.TemporaryDirectory[str]:
    """State and program of a stack without resources, which each test gets a copy of."""
    kept = tempfile.TemporaryDirectory()
    root = Path(kept.name)
    (root / "state").mkdir()
    (root / "program").mkdir()
    (root / "program" / "Pulumi.yaml").write_text(
        f"name: contract\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
    )
    subprocess.run(
        ["pulumi", "--non-interactive", "stack", "init", "one"],
        cwd=root / "program",
        env=_environment(root),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return kept


@dataclass
class Stack:
    """A stack of its own in a directory of its own.

    Attributes:
        directory: Where the program is.
        env: Environment of the engine.
        prologue: The program's first lines.
    """

    directory: Path
    env: dict[str, str]
    prologue: str

    @classmethod
    def make(cls, root: Path, prologue: str, **env: str) -> Stack:
        """Make an empty stack with a file backend below a directory."""
        shutil.copytree(_empty().name, root, dirs_exist_ok=True)
        return cls(root / "program", {**_environment(root), **env}, prologue)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the engine's command line."""
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.directory,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def up(self, program: str) -> subprocess.CompletedProcess[str]:
        """Update the stack to a program."""
        (self.directory / "__main__.py").write_text(self.prologue + program)
        return self.pulumi("up", "--yes", "--skip-preview")

    def outputs(self, program: str) -> dict[str, Any]:
        """Outputs after an update that must succeed."""
        done = self.up(program)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", "--show-secrets").stdout)
        return found

    def refused(self, program: str) -> str:
        """What the engine shows of an update that must fail, on one line."""
        done = self.up(program)
        assert done.returncode != 0, done.stdout
        assert "panic" not in done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def destroy(self) -> subprocess.CompletedProcess[str]:
        """Destroy everything in the stack."""
        return self.pulumi("destroy", "--yes", "--skip-preview")
