"""A deploy whose engine, machine and Docker do what a test wants, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import pytest

from components.labels import BASE
from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import CONTAINER, Snapshot
from operations.engine.workspace import Changes
from operations.life import deploy as life
from operations.life import restore
from operations.life.deploy import Deployed, deploy
from operations.life.postponed import Postponed
from operations.life.request import DeployRequest, settings_of
from operations.machine.access import Machine
from operations.machine.docker_state import ContainerEvent, ContainerState
from stacks.outputs import BaseOutputs
from tests.equipment.fakes.grafana import base as base_outputs
from tests.unit.operations.engine import StandInEngine, preview

CHECKOUT = Path(__file__).resolve().parents[3]
LIVE = preview("a", base="base")
STATE = Snapshot(
    stack=LIVE.stack, outputs=LIVE.outputs, ids={CONTAINER: frozenset({"c1"})}, has_slot=True, saved_at=LIVE.saved_at
)

GOOD = {"branch": "a", "images": {"backend": "b:1"}, "imageIds": {"b:1": "sha256:old", "c:1": "sha256:gone"}}
"""Configuration of the update that made it."""


@dataclass
class StandInUp(StandInEngine):
    """Updates, too.

    Attributes:
        ups: What each ``pulumi up`` does, in order; succeeds when there is no more.
        values: Configuration of each.
        history: Configuration of each that succeeded, oldest first.
        after_up: Called when one has succeeded, before the engine's answer is read.
        kept: Key → content of what is kept beside the states.
        version: Of the engine.
        records: Whether the program records what it was told.
    """

    ups: list[Callable[[], None]] = field(default_factory=list)
    values: list[Mapping[str, Any]] = field(default_factory=list)
    history: list[Mapping[str, Any]] = field(default_factory=lambda: [GOOD])
    after_up: Callable[[], None] = lambda: None
    kept: dict[str, bytes] = field(default_factory=dict)
    version: str = "3.1.4"
    records: bool = True

    @property
    def store(self) -> Self:
        """Where things are kept beside the states."""
        return self

    def read(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def write(self, key: str, content: bytes) -> None:
        self.kept[key] = content

    def made(self, stack: str) -> str:
        found = self.states[stack]
        return f"{sorted(found.ids.items())} {found.pending}".replace(" ", "")

    def add(self, stack: str, like: str) -> None:
        self.states[stack] = Snapshot(stack=stack)

    def configure(self, stack: str, values: Mapping[str, Any]) -> None:
        self.configured = dict(values)

    @property
    def process(self) -> Self:
        """What would be interrupted."""
        return self

    def interrupt(self) -> None:
        raise AssertionError("nothing here runs that could be interrupted")

    def up(self, stack: str, on_step: object, *, refresh: bool = False, require: Callable[[Snapshot], None]) -> Changes:
        require(self.snapshot(stack) or Snapshot())
        self.values.append(self.configured)
        if self.ups:
            self.ups.pop(0)()
        self.history.append(self.configured)
        if self.records:
            base = BaseOutputs.of("base", self.states["base"].outputs)
            exported = settings_of({"base": "base", **self.configured}).recorded(base).by_program()
            self.states[stack] = replace(self.states[stack], outputs=exported)
        self.after_up()
        return Changes()

    def secrets(self, stack: str) -> set[str]:
        return {"5ecret"}

    def last_good_values(self, stack: str) -> Mapping[str, Any]:
        return self.history[-1]


@dataclass
class StandInMachine:
    """A machine and its Docker, in memory.

    Attributes:
        scripts: Name of each script that ran.
        answers: Name of a script → errors that it gives, one a time.
        during: Called while a script of that name runs.
    """

    base: BaseOutputs
    scripts: list[str] = field(default_factory=list)
    answers: dict[str, list[BaseException]] = field(default_factory=dict)
    during: dict[str, Callable[[], None]] = field(default_factory=dict)
    records: Any = None

    @property
    def docker(self) -> Any:
        return self

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        beginnings = {"Takes a slot": "take", "Releases a": "release", "Marks a preview": "mark"}
        name = next((name for text, name in beginnings.items() if text in script), "other")
        self.scripts.append(name)
        self.during.get(name, lambda: None)()
        if self.answers.get(name):
            raise self.answers[name].pop(0)
        return ""

    def fetch(self, directory: str, destination: Path) -> None:
        self.scripts.append("fetch")
        if self.answers.get("fetch"):
            raise self.answers["fetch"].pop(0)

    def use_images(self, references: set[str], on_pull: object) -> dict[str, str]:
        return {reference: f"sha256:{len(reference)}" for reference in references}

    def image_id(self, reference: str) -> str:
        return "" if reference.endswith("gone") else reference

    def belongings(self, labels: Mapping[str, str]) -> list[Any]:
        assert labels[BASE]
        return []

    def of_slug(self, slug: str) -> list[ContainerState]:
        return []

    failed = remove_broken = of_slug

    def start(self, state: ContainerState) -> None:
        raise AssertionError("nothing is stopped here")

    def shortage(self, slug: str, ahead: Callable[[], Iterable[str]]) -> str:
        return ""

    @contextmanager
    def events(self, slug: str) -> Iterator[Iterator[ContainerEvent]]:
        yield iter(())

    def unwell(self, slug: str, give_up: object) -> list[ContainerState]:
        return []


@dataclass
class World:
    engine: StandInUp
    machine: StandInMachine
    interrupts: Interrupts = field(default_factory=Interrupts)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, monkeypatch: pytest.MonkeyPatch) -> Self:
        """A base, and no preview on it."""
        outputs = base_outputs(8443)
        made = cls(
            StandInUp(states={"base": Snapshot(stack="base", outputs=outputs.model_dump())}), StandInMachine(outputs)
        )
        monkeypatch.setattr(life, "machine_of", lambda base: cast(Machine, made.machine))
        monkeypatch.setattr(restore, "_PAUSE_SECONDS", 0)
        return made

    def deploy(self, **request: Any) -> Deployed | None:
        done = self.ask(**request)
        assert not isinstance(done, Postponed)
        return done

    def ask(self, **request: Any) -> Deployed | Postponed | None:
        """Deploy, where it may have to wait for a slot."""
        told = Reporting(step=lambda step: None, note=self.notes.append)
        asked = DeployRequest(**{"branch": "a", "base": "base", **request})
        return deploy(self.engine.engine, CHECKOUT, asked, self.interrupts, told)

    def fail(self, error: BaseException) -> Callable[[], None]:
        def up() -> None:
            raise error

        return up
