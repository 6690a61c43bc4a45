"""What a deploy leaves, whatever it met: an engine, a machine and a Docker that fail as a test wants, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT
from typing import Any, cast

import pytest

from components.labels import BASE
from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import CONTAINER, Snapshot
from operations.engine.workspace import Changes
from operations.errors import (
    EngineError,
    InterruptedOperationError,
    OperationError,
    RefusedError,
    UnhealthyError,
)
from operations.life import deploy as life
from operations.life import restore
from operations.life.deploy import Deployed, deploy
from operations.life.request import DeployRequest
from operations.machine.access import Machine
from operations.machine.docker_state import ContainerState
from operations.machine.shell import ScriptError
from stacks.outputs import BaseOutputs
from tests.equipment.fakes.grafana import base as base_outputs
from tests.unit.operations.engine import StandInEngine, preview

CHECKOUT = Path(__file__).resolve().parents[3]
LIVE = preview("a", base="base")
STATE = Snapshot(
    stack=LIVE.stack, outputs=LIVE.outputs, ids={CONTAINER: frozenset({"c1"})}, has_slot=True, saved_at=LIVE.saved_at
)


@dataclass
class StandInUp(StandInEngine):
    """Updates, too.

    Attributes:
        ups: What each ``pulumi up`` does, in order; succeeds when there is no more.
        values: Configuration of each.
    """

    ups: list[Callable[[], None]] = field(default_factory=list)
    values: list[Mapping[str, Any]] = field(default_factory=list)

    def create(self, stack: str) -> None:
        self.states[stack] = Snapshot(stack=stack)

    def configure(self, stack: str, values: Mapping[str, Any]) -> None:
        self.configured = dict(values)

    def up(self, stack: str, on_step: object, *, refresh: bool = False) -> Changes:
        self.values.append(self.configured)
        if self.ups:
            self.ups.pop(0)()
        return Changes()

    def secrets(self, stack: str) -> set[str]:
        return {"5ecret"}

    def last_good_values(self, stack: str) -> Mapping[str, Any]:
        return {"branch": "a", "images": {"backend": "b:1"}, "imageIds": {"b:1": "sha256:old", "c:1": "sha256:gone"}}


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
        name = "take" if "Takes a slot" in script else "release" if "Releases a" in script else "other"
        self.scripts.append(name)
        self.during.get(name, lambda: None)()
        if self.answers.get(name):
            raise self.answers[name].pop(0)
        return ""

    def fetch(self, directory: str, destination: Path) -> None:
        self.scripts.append("fetch")
        if self.answers.get("fetch"):
            raise self.answers["fetch"].pop(0)

    def require_images(self, references: object) -> list[str]:
        return []

    def use_images(self, references: set[str]) -> dict[str, str]:
        return {reference: f"sha256:{len(reference)}" for reference in references}

    def image_id(self, reference: str) -> str:
        return "" if reference.endswith("gone") else reference

    def belongings(self, labels: Mapping[str, str]) -> list[Any]:
        assert labels[BASE]
        return []

    def of_slug(self, slug: str) -> list[ContainerState]:
        return []

    failed = remove_broken = of_slug

    def unwell(self, slug: str, give_up: object) -> list[ContainerState]:
        return []


@dataclass
class World:
    engine: StandInUp
    machine: StandInMachine
    interrupts: Interrupts = field(default_factory=Interrupts)
    notes: list[str] = field(default_factory=list)

    def deploy(self, **request: Any) -> Deployed | None:
        told = Reporting(step=lambda step: None, note=self.notes.append)
        asked = DeployRequest(**{"branch": "a", "base": "base", **request})
        return deploy(self.engine.engine, CHECKOUT, asked, self.interrupts, told)

    def fail(self, error: BaseException) -> Callable[[], None]:
        def up() -> None:
            raise error

        return up


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    outputs = base_outputs(8443)
    made = World(
        StandInUp(states={"base": Snapshot(stack="base", outputs=outputs.model_dump())}), StandInMachine(outputs)
    )
    monkeypatch.setattr(life, "machine_of", lambda base: cast(Machine, made.machine))
    monkeypatch.setattr(restore, "_PAUSE_SECONDS", 0)
    return made


def test_an_update_that_meets_what_nobody_thought_of_is_undone_and_is_one_sentence_with_code_5(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    world.engine.ups = [world.fail(TypeError("extractall() got 5ecret"))]
    with pytest.raises(UnhealthyError) as failed:
        world.deploy()
    assert str(failed.value) == (
        "The preview of 'a' did not come up: TypeError where none was expected (extractall() got [redacted]). "
        "The last good version is running again."
    )
    assert failed.value.exit_code == 5
    assert len(world.engine.values) == 2
    assert "restoreDirectory" in world.engine.values[1]


@pytest.mark.parametrize("error", [TypeError("filter"), OperationError("The VM cannot be reached."), OSError("full")])
def test_what_breaks_undoing_once_does_not_keep_the_last_good_version_from_coming_back(
    world: World, error: Exception
) -> None:
    world.engine.states[STATE.stack] = STATE
    world.engine.ups = [world.fail(EngineError("up failed.")), world.fail(EngineError("cut."))]
    world.machine.answers = {"fetch": [error]}
    with pytest.raises(OperationError, match=r"up failed\. The last good version is running again"):
        world.deploy()
    assert world.machine.scripts.count("fetch") == 3


def test_what_cannot_be_undone_is_said_with_code_5(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    world.engine.ups = [world.fail(EngineError("up failed."))]
    world.machine.answers = {"fetch": [KeyError("a")] * 9}
    with pytest.raises(UnhealthyError, match="could not be put back: KeyError where none was expected"):
        world.deploy()


def test_undoing_goes_on_where_nobody_listens_any_more(world: World) -> None:
    world.engine.states[STATE.stack] = STATE

    class Closed(list[str]):
        def append(self, text: str) -> None:
            raise BrokenPipeError

    def up() -> None:
        world.notes = Closed()
        raise EngineError("up failed.")

    told = Reporting(step=lambda step: None, note=lambda text: world.notes.append(text))
    world.engine.ups = [up]
    with pytest.raises(OperationError, match="The last good version is running again"):
        deploy(world.engine.engine, CHECKOUT, DeployRequest(branch="a", base="base"), world.interrupts, told)


def test_undoing_starts_the_images_that_ran_and_not_those_that_their_tags_lead_to_now(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    world.engine.ups = [world.fail(EngineError("up failed."))]
    with suppress(OperationError):
        world.deploy(images={"backend": "b:1"})
    assert world.engine.values[0]["imageIds"]["b:1"] == "sha256:3"
    assert world.engine.values[1]["imageIds"] == {"b:1": "sha256:old"}, "one that is gone is looked for by its name"


def test_an_update_that_is_refused_for_room_leaves_the_live_preview_as_it_is(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    world.machine.answers = {"take": [ScriptError("There is no room.", 3)]}
    with pytest.raises(RefusedError, match=r"There is no room. Nothing was changed\."):
        world.deploy()
    assert world.machine.scripts == ["take"]
    assert not world.engine.values
    assert not world.engine.destroyed


@pytest.mark.parametrize("known", [False, True])
def test_interrupted_while_the_slot_is_taken_nothing_is_half_taken(world: World, known: bool) -> None:
    if known:
        world.engine.states[STATE.stack] = STATE
    with world.interrupts.watched():
        world.machine.during = {"take": lambda: world.interrupts._handle(SIGINT)}
        with pytest.raises(InterruptedOperationError, match=r"was interrupted\. Nothing was changed"):
            world.deploy()
    assert world.machine.scripts == (["take"] if known else ["take", "release"])
    assert not world.engine.values


def test_a_connection_that_breaks_while_the_slot_is_taken_leaves_none(world: World) -> None:
    world.machine.answers = {"take": [OperationError("The VM cannot be reached.")]}
    with pytest.raises(OperationError, match="cannot be reached"):
        world.deploy()
    assert world.machine.scripts == ["take", "release"]


@pytest.mark.parametrize("known", [False, True])
def test_an_interrupted_update_of_the_engine_is_undone(world: World, known: bool) -> None:
    if known:
        world.engine.states[STATE.stack] = STATE

    def interrupted() -> None:
        world.interrupts._handle(SIGINT)

    world.engine.ups = [interrupted]
    said = "The last good version is running again" if known else "Everything that was made has been removed again"
    with pytest.raises(InterruptedOperationError, match=said) as stopped:
        world.deploy()
    assert stopped.value.signal_number == SIGINT


@pytest.mark.parametrize(
    ("branch", "base", "config"),
    [
        ("a", "nowhere", None),
        ("A", "base", None),
        ("b", "base", Path("/nowhere/at/all")),
        ("b", "Not a base", None),
    ],
)
def test_update_of_a_branch_without_a_preview_is_nothing_whatever_else_is_wrong(
    world: World, branch: str, base: str, config: Path | None
) -> None:
    if branch == "A":
        world.engine.states[STATE.stack] = STATE
    assert world.deploy(branch=branch, base=base, config_directory=config, only_existing=True) is None
    assert not world.machine.scripts
