"""What no stack owns is removed while nobody can deploy it, and never what somebody deploys just now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import pytest

from components.host_scripts import script
from operations.engine.events import Reporting, no_steps
from operations.engine.snapshot import Snapshot
from operations.errors import OperationError, RefusedError
from operations.life import destroy as life
from operations.life.destroy import DestroyRequest, destroy
from operations.machine.shell import ScriptError
from operations.upkeep import orphans as upkeep
from operations.upkeep.orphans import find_orphans
from stacks.outputs import BaseOutputs
from tests.equipment.fakes.grafana import base as base_outputs
from tests.unit.operations.engine import StandInEngine

TOLD = Reporting(step=no_steps, note=print)


@dataclass
class Host:
    """A machine with slots and what Docker has, in memory.

    Attributes:
        slots: Slug → branch and state of its slot.
        things: Slug → names of what Docker has of it.
        removing: Called before anything is removed.
        removed: What was removed.
    """

    base: BaseOutputs
    slots: dict[str, tuple[str, str]] = field(default_factory=dict)
    things: dict[str, list[str]] = field(default_factory=dict)
    removing: Callable[[], None] = lambda: None
    removed: list[str] = field(default_factory=list)

    @property
    def docker(self) -> Self:
        return self

    @property
    def records(self) -> Any:
        return SimpleNamespace(all=list)

    def belongings(self, labels: Mapping[str, str]) -> list[Any]:
        slugs = [labels["pgai.preview.slug"]] if "pgai.preview.slug" in labels else list(self.things)
        return [
            SimpleNamespace(kind="volume", id=name, name=name, slug=slug, created_at="2026-01-01T00:00:00Z")
            for slug in slugs
            for name in self.things.get(slug, [])
        ]

    def remove(self, one: Any) -> None:
        self.removing()
        self.things[one.slug].remove(one.name)
        self.removed.append(one.name)

    def run(self, text: str, environment: Mapping[str, str]) -> str:
        if text == script("list_slots"):
            return "".join(f"2026-01-01T00:00:00Z {slug}\n" for slug in self.slots)
        if text == script("describe_slots"):
            return "".join(f"{slug}\t{branch}\t{state}\t\t\t\t\n" for slug, (branch, state) in self.slots.items())
        assert text == script("release_slot")
        self.removing()
        slug = environment["SLUG"]
        if environment["BRANCH"] and slug in self.slots and self.slots[slug][0] != environment["BRANCH"]:
            raise ScriptError(f"The slot of this slug belongs to the preview of branch {self.slots[slug][0]!r}.", 3)
        self.removed += [*self.things.pop(slug, []), f"slot {slug}"]
        return "released\n" if self.slots.pop(slug, None) else ""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Remains of two previews without a stack."""
    made = Host(base_outputs(8443), {"x": ("x", ""), "z": ("z", "running")}, {"x": ["x-data"], "z": ["z-data"]})
    monkeypatch.setattr(upkeep, "machine_at", lambda *_: made)
    monkeypatch.setattr(life, "machine_of", lambda _: made)
    monkeypatch.setattr(life, "base_in", lambda *_: made.base)
    return made


@pytest.fixture
def engine() -> StandInEngine:
    return StandInEngine(states={"base": Snapshot(stack="base", outputs=base_outputs(8443).model_dump())})


def results(engine: StandInEngine, *, remove: bool = True) -> dict[str, str]:
    """Name → what became of it."""
    return {one.name: one.result for one in find_orphans(engine.engine, "base", remove=remove)}


def test_what_no_stack_owns_is_listed_and_removed_when_asked(host: Host, engine: StandInEngine) -> None:
    assert results(engine, remove=False) == dict.fromkeys(("x", "x-data", "z", "z-data"), "found")
    assert not host.removed
    assert results(engine) == dict.fromkeys(("x", "x-data", "z", "z-data"), "removed")
    assert not host.slots


def test_a_first_deploy_that_has_its_slot_and_no_stack_yet_is_no_orphan(host: Host, engine: StandInEngine) -> None:
    host.slots["x"] = ("x", "starting")
    assert set(results(engine, remove=False)) == {"z", "z-data"}
    assert set(results(engine)) == {"z", "z-data"}
    assert host.things["x"] == ["x-data"]


@pytest.mark.parametrize("begun", ["slot", "stack"])
def test_what_somebody_deploys_once_it_was_listed_stays(host: Host, engine: StandInEngine, begun: str) -> None:
    def deploys() -> None:
        if begun == "slot":
            host.slots["z"] = ("z", "starting")
        else:
            engine.states["preview-z"] = Snapshot(stack="preview-z")

    host.removing = deploys
    assert results(engine) == {"x": "removed", "x-data": "removed", "z": "skipped", "z-data": "skipped"}
    assert host.things["z"] == ["z-data"]
    assert "z" in host.slots


def test_what_an_operation_holds_is_skipped_and_says_by_whom(host: Host, engine: StandInEngine) -> None:
    engine.busy = {"preview-x"}
    found = {one.name: one for one in find_orphans(engine.engine, "base", remove=True)}
    assert (found["x"].result, found["z"].result) == ("skipped", "removed")
    assert "is held by deploy" in found["x"].reason


def test_a_backend_that_fails_in_the_middle_hides_nothing_of_what_was_removed(
    host: Host, engine: StandInEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(stack: str) -> None:
        if stack == "preview-z":
            raise OperationError("The state backend cannot be used.")

    monkeypatch.setattr(engine, "snapshot", cut)
    assert results(engine) == {"x": "removed", "x-data": "removed", "z": "failed", "z-data": "failed"}


def test_the_remains_of_another_branch_are_not_touched_where_no_state_knows_whose_they_are(
    host: Host, engine: StandInEngine
) -> None:
    host.slots["feature-a"], host.things["feature-a"] = ("feature/a", "running"), ["feature-a-data"]
    with pytest.raises(RefusedError, match="belongs to the preview of branch 'feature/a'") as refused:
        destroy(engine.engine, DestroyRequest.of_branch("feature_a", "base"), TOLD)
    assert refused.value.exit_code == 3
    assert not host.removed
    assert destroy(engine.engine, DestroyRequest.of_branch("feature/a", "base"), TOLD)
    assert host.removed == ["feature-a-data", "slot feature-a"]
