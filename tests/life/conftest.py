"""A local base with two places, and no preview on it: each test makes its own and takes it away again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stacks.names import slug_of, stack_of
from tests.engine.conftest import ARTIFACTS, dangling_volumes, remains
from tests.equipment.checkout import Clone, Finished


@dataclass(frozen=True)
class Ground:
    """What the tests of this folder share.

    Attributes:
        clone: The user's clone.
        engine: The Docker engine.
        token: In the name of everything that this run makes.
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
        found = self.engine.containers.list(all=True, filters={"label": f"pgai.preview.slug={slug_of(branch)}"})
        return {one.labels["pgai.preview.service"]: one for one in found}

    def deploy(self, branch: str, *args: str) -> Finished:
        """Deploy, and be sure that it is well."""
        done = self.clone.preview("deploy", branch, *args)
        assert done.code == 0, done.text
        self.require_live(branch)
        return done

    def require_live(self, branch: str) -> None:
        """All is well with a preview, and nothing of it but what its stack knows is there."""
        row = self.row(branch)
        assert (row["state"], row["health"]) == ("live", "7/7 healthy"), row
        assert json.loads(self.clone.preview("reap", "--dry-run", "--json").stdout)["orphans"] == []

    def require_nothing(self, branch: str) -> None:
        """Nothing of a preview is left: Docker, place, stack, lock, configuration."""
        slug = slug_of(branch)
        assert not remains(self.engine, slug)
        assert not self.directory(branch).exists()
        backend = self.clone.data / "pgai-preview/state/.pulumi"
        assert not list(backend.glob(f"stacks/*/{stack_of(slug)}.json.gz"))
        assert not list(backend.glob(f"locks/organization/*/{stack_of(slug)}/*.json"))
        assert not list((self.clone.data / "pgai-preview/locks").glob(f"{stack_of(slug)}.*"))
        assert not (self.clone.path / f"Pulumi.{stack_of(slug)}.yaml").exists()

    def edit_outputs(self, branch: str, change: Callable[[dict[str, Any]], None], folder: Path) -> None:
        """Change what a preview's stack records, with plain Pulumi."""
        stack = stack_of(slug_of(branch))
        file = folder / "state.json"
        assert self.clone.pulumi("stack", "export", "--stack", stack, "--file", str(file)).code == 0
        state = json.loads(file.read_text(encoding="utf-8"))
        for resource in state["deployment"]["resources"]:
            if resource["type"] == "pulumi:pulumi:Stack":
                change(resource["outputs"])
        file.write_text(json.dumps(state), encoding="utf-8")
        assert self.clone.pulumi("stack", "import", "--stack", stack, "--file", str(file)).code == 0

    def expire(self, branch: str, folder: Path) -> None:
        """Make a preview's end lie in the past."""
        self.edit_outputs(branch, lambda outputs: outputs.update(expires_at="2020-01-01T00:00:00Z"), folder)


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory, token: str, engine: Any) -> Iterator[Ground]:
    mine = f"{token}l"
    clone = Clone.make(tmp_path_factory.mktemp("life"), mine)
    volumes = dangling_volumes(engine)
    try:
        assert clone.preview("setup").code == 0
        assert clone.pulumi("stack", "init", "local").code == 0
        up = clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local")
        assert up.code == 0, up.text
        yield Ground(clone, engine, mine)
    finally:
        for row in clone.json("list", "--json"):
            clone.preview("destroy", row["branch"] or row["slug"])
        clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local")
        ARTIFACTS.mkdir(exist_ok=True)
        (ARTIFACTS / "transcript-life.txt").write_text("\n".join(clone.transcript), encoding="utf-8")
        left = remains(engine, mine)
        assert not left, left
        assert dangling_volumes(engine) <= volumes, "a volume without a name was left behind"


@pytest.fixture
def gone_afterwards(ground: Ground) -> Iterator[Callable[[str], str]]:
    """Gives branches whose previews are destroyed after the test; nothing of them may be left then."""
    branches: list[str] = []

    def branch(name: str) -> str:
        branches.append(ground.branch(name))
        return branches[-1]

    yield branch
    # All of them first: what one leaves behind must not take the places of the tests that follow.
    done = [ground.clone.preview("destroy", one) for one in branches]
    for one, ended in zip(branches, done, strict=True):
        assert ended.code == 0, ended.text
        ground.require_nothing(one)
