"""Previews on a local base: made, looked at and ended as their users and their operator do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.services import by_key
from operations.engine.snapshot import STACK, State
from operations.engine.store import store_of
from stacks.names import slug_of, stack_of
from stacks.settings import PROJECT
from tests.equipment import docker
from tests.equipment.checkout import Clone, Finished, ok


@dataclass(frozen=True)
class Ground:
    """A base and what is on it.

    Attributes:
        clone: The user's clone.
        engine: The Docker engine.
        token: In the name of everything that is made.
    """

    clone: Clone
    engine: Any
    token: str

    def branch(self, name: str) -> str:
        """A branch of this run."""
        return f"{self.token}/{name}"

    def directory(self, branch: str) -> Path:
        """A preview's directory on the host."""
        return self.clone.data / "pgai-preview/host/previews" / slug_of(branch)

    def row(self, branch: str) -> dict[str, Any]:
        """What ``list`` says of a preview."""
        (row,) = [row for row in self.clone.json("list", "--json") if row["slug"] == slug_of(branch)]
        assert isinstance(row, dict)
        return row

    def containers(self, branch: str) -> dict[str, Any]:
        """Containers of a preview by their service, running or not."""
        return docker.services(self.engine, branch, all=True)

    def deploy(self, branch: str, *args: str) -> Finished:
        """Deploy, and be sure that it is well."""
        done = ok(self.clone.preview("deploy", branch, *args))
        self.require_live(branch)
        return done

    def destroy(self, branch: str) -> Finished:
        """Destroy, and be sure that nothing is left."""
        done = ok(self.clone.preview("destroy", branch))
        self.require_nothing(branch)
        return done

    def require_live(self, branch: str) -> None:
        """All is well with a preview."""
        # What prepared data, and what carries secrets, does not run.
        states = [one.attrs["State"] for key, one in self.containers(branch).items() if key in by_key()]
        assert [one["Status"] for one in states] == ["running"] * 7, states
        assert {one.get("Health", {}).get("Status", "healthy") for one in states} == {"healthy"}, states

    def require_nothing(self, branch: str) -> None:
        """Nothing of a preview is left: Docker, slot, stack, lock, configuration."""
        slug = slug_of(branch)
        assert not docker.remains(self.engine, slug)
        assert not self.directory(branch).exists()
        backend = self.clone.data / "pgai-preview/state/.pulumi"
        assert not list(backend.glob(f"stacks/*/{stack_of(slug)}.json.gz"))
        assert not list(backend.glob(f"locks/organization/*/{stack_of(slug)}/*.json"))
        assert not list((self.clone.data / "pgai-preview/locks").glob(f"{stack_of(slug)}.*"))
        assert not (self.clone.path / f"Pulumi.{stack_of(slug)}.yaml").exists()

    def edit_outputs(self, branch: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what a preview's stack records, on which nobody works."""
        store = store_of(f"file://{self.clone.data}/pgai-preview/state")
        key = f".pulumi/stacks/{PROJECT}/{stack_of(slug_of(branch))}.json.gz"
        content = store.read(key)
        assert content
        state = State.of(key, content, dt.datetime.now(dt.UTC))
        for resource in state.deployment["resources"]:
            if resource["type"] == STACK:
                change(resource["outputs"])
        store.write(key, state.packed())

    def expire(self, branch: str) -> None:
        """Make a preview's end lie in the past."""
        self.edit_outputs(branch, lambda outputs: outputs.update(expires_at="2020-01-01T00:00:00Z"))
