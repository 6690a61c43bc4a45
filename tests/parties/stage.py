"""Two parties, and how one is held, cheaply, while the other acts."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from components.labels import preview_labels
from operations.engine.snapshot import State
from operations.engine.store import Store
from stacks.names import slug_of
from stacks.settings import PROJECT
from tests.equipment.checkout import Clone, Finished, ok
from tests.equipment.previews import Ground

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
        store: The backend's objects.
        made: Key → content of its state as the engine makes it, once it has been made.
    """

    ours: Ground
    theirs: Clone
    branch: str
    other: str
    stack: str
    store: Store
    made: dict[str, bytes]

    @property
    def locks(self) -> str:
        """Where the backend keeps the engine's locks on the stack."""
        return f".pulumi/locks/organization/{PROJECT}/{self.stack}/"

    def register(self, branch: str, *, expires_at: str = "", only_slot: bool = False) -> None:
        """Make a stack that says what a live preview's does, or what one's does whose first deploy is under way.

        Nothing runs for it, which is all the same to whoever asks whose it is, and quick.
        """
        clone, slug = self.ours.clone, slug_of(branch)
        root = f"urn:pulumi:{self.stack}::pgai-preview::pulumi:pulumi:Stack::pgai-preview-{self.stack}"
        names = {"branch": branch, "slug": slug, "base": "local", "url": f"https://preview-{slug}.localhost"}
        times = {"created_at": "2026-01-01T00:00:00Z", "deployed_at": "2026-01-01T00:00:00Z", "expires_at": expires_at}
        rows: list[dict[str, Any]] = [
            {
                "urn": root,
                "custom": False,
                "type": "pulumi:pulumi:Stack",
                "outputs": {} if only_slot else {**names, "commit": "", **times},
            }
        ]
        if only_slot:
            slot = f"{root.rsplit('::', 2)[0]}::preview:slot:Slot$preview:slot:Taken::slot"
            taken = {"urn": slot, "custom": False, "type": "preview:slot:Taken", "parent": root}
            rows.append({**taken, "inputs": {"environment": {"BRANCH": branch}}})
        if not self.made:
            ok(clone.pulumi("stack", "init", self.stack))
            # The engine writes into it what belongs to the passphrase, which the state has too.
            (clone.path / f"Pulumi.{self.stack}.yaml").unlink()
            made = self.store.read(self.state)
            assert made is not None
            self.made[self.state] = made
        for key, content in self.made.items():
            state = State.of(key, content, dt.datetime.now(dt.UTC))
            state.deployment["resources"] = rows
            self.store.write(key, state.packed())

    @property
    def state(self) -> str:
        """Key of the stack's state."""
        return f".pulumi/stacks/{PROJECT}/{self.stack}.json.gz"

    def require_nothing(self) -> None:
        """Nothing of the preview is left, in the backend neither."""
        self.ours.require_nothing(self.branch)
        assert self.store.read(self.state) is None
        assert not self.store.list(self.locks)

    @contextmanager
    def locked_elsewhere(self) -> Iterator[None]:
        """A lock of an engine on another machine, which nobody may clear."""
        key = f"{self.locks}4711.json"
        holder = {"pid": 4711, "username": "ci", "hostname": "elsewhere", "timestamp": "2026-01-02T03:04:05Z"}
        self.store.write(key, json.dumps(holder).encode())
        try:
            yield
            assert self.store.read(key), "somebody has cleared it"
        finally:
            self.store.delete(key)

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
    assert "Traceback" not in done.stderr, done.stderr
    clone.transcript.append(f"$ {' '.join(args)} (between: {other})\n{done.stdout}{done.stderr}")
    return Finished(done.returncode, done.stdout, done.stderr, 0)


def typed(clone: Clone, *args: str) -> str:
    """A command of a party as a shell command."""
    variables = [f"{name}={value}" for name, value in {**clone.extra, "XDG_DATA_HOME": str(clone.data)}.items()]
    return f"cd {shlex.quote(str(clone.path))} && env {shlex.join(variables)} ./preview {shlex.join(args)} >&2"
