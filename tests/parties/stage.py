"""Two parties, and how one is held, cheaply, while the other acts."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from components.labels import preview_labels
from stacks.names import slug_of
from tests.equipment.checkout import Clone, Finished
from tests.equipment.previews import Ground
from tests.equipment.processes import family
from tests.equipment.programs import wait_for

_BETWEEN = """
import runpy, subprocess, sys
from operations.engine.workspace import Engine
others = [sys.argv.pop(1)]
def late(name):
    run = getattr(Engine, name)
    def after(*args, **more):
        while others:
            subprocess.run(["sh", "-c", others.pop()], check=True)
        return run(*args, **more)
    setattr(Engine, name, after)
late("up")
late("destroy")
runpy.run_module("cli", run_name="__main__")
"""
"""``./preview``, with a command that runs between the step under its own lock and the engine's operation."""


class Stage(NamedTuple):
    """What the tests share.

    Attributes:
        ours: The party whose machine has the base.
        theirs: The other one.
        branch: Branch for whose preview they meet.
        other: Another branch with the same slug.
        stack: Stack of that slug.
    """

    ours: Ground
    theirs: Clone
    branch: str
    other: str
    stack: str

    @property
    def locks(self) -> Path:
        """Where the backend keeps the engine's locks on the stack."""
        state = self.ours.clone.data / "pgai-preview/state"
        return state / ".pulumi/locks/organization/pgai-preview" / self.stack

    @contextmanager
    def locked_elsewhere(self) -> Iterator[None]:
        """A lock of an engine on another machine, which nobody may clear."""
        path = self.locks / "4711.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = {"pid": 4711, "username": "ci", "hostname": "elsewhere", "timestamp": "2026-01-02T03:04:05Z"}
        path.write_text(json.dumps(holder), encoding="utf-8")
        try:
            yield
            assert path.exists(), "somebody has cleared it"
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def leftover(self) -> Iterator[Any]:
        """A container with the preview's labels that no state knows, as an update leaves it that died."""
        slug = slug_of(self.branch)
        labels = preview_labels(slug, f"{self.ours.clone.prefix}traefik-public")
        made = self.ours.engine.containers.create("postgres:15", labels=labels, name=f"{slug}-leftover")
        try:
            yield made
        finally:
            if self.exists(made):
                made.remove(v=True)

    def exists(self, container: Any) -> bool:
        """Whether a container is still there."""
        found = self.ours.engine.containers.list(all=True, ignore_removed=True)
        return container.id in {one.id for one in found}

    @contextmanager
    def engine_stopped(self, command: subprocess.Popen[str]) -> Iterator[None]:
        """Stop the engine of a command that deploys, once it holds the stack's lock, while the block runs."""

        def engine() -> int:
            for pid in family(command.pid):
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[0].endswith(b"pulumi") and b"up" in words:
                    return pid
            return 0

        found = wait_for("an engine", engine, every=0.02)
        # Its own lock, by its own process: before, the command itself has held it for a step.
        wait_for("its lock", lambda: any(f'"pid":{found},' in one.read_text() for one in self.locks.glob("*.json")))
        os.kill(found, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(found, signal.SIGCONT)


def between(clone: Clone, other: str, *args: str) -> Finished:
    """A command of one party; between its steps the other one runs a shell command."""
    done = subprocess.run(
        [".venv/bin/python", "-c", _BETWEEN, other, *args],
        cwd=clone.path,
        env=clone.environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    clone.transcript.append(f"$ {' '.join(args)} (between: {other})\n{done.stdout}{done.stderr}")
    return Finished(done.returncode, done.stdout, done.stderr, 0)


def typed(clone: Clone, *args: str) -> str:
    """A command of a party as a shell command."""
    own = {"XDG_DATA_HOME", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"}
    variables = [f"{name}={value}" for name, value in clone.environment.items() if name in own]
    return f"cd {shlex.quote(str(clone.path))} && env {shlex.join(variables)} ./preview {shlex.join(args)} >&2"
