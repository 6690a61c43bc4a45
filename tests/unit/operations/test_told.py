"""What is told of a deploy once it has ended."""

from __future__ import annotations

from signal import SIGTERM

import pytest

from operations.engine.events import Reporting
from operations.engine.snapshot import Snapshot
from operations.errors import EngineError, InterruptedOperationError, OperationError, UnhealthyError
from operations.life.deploy import deploy
from operations.life.request import DeployRequest
from tests.unit.operations.deploying import CHECKOUT, STATE, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A preview that is live."""
    made = World.make(monkeypatch)
    made.engine.states[STATE.stack] = STATE
    return made


@pytest.mark.parametrize(("answers", "what"), [([], "rolled back"), ([KeyError("a")] * 9, "broken")])
def test_whether_the_last_good_version_runs_again_is_told_to_everybody(
    world: World, answers: list[BaseException], what: str
) -> None:
    world.engine.ups = [world.fail(EngineError("up failed."))]
    world.machine.answers = {"fetch": answers}
    heard: list[str] = []
    told = Reporting(
        step=lambda step: None, note=world.notes.append, happened=lambda happening: heard.append(happening.what)
    )
    with pytest.raises(OperationError):
        deploy(world.engine.engine, CHECKOUT, DeployRequest(branch="a", base="base"), world.interrupts, told)
    assert heard == ["deploying", what]


def test_a_backend_that_fails_at_the_end_hides_nothing_of_how_it_went(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine.ups = [world.fail(EngineError("up failed."))]
    snapshot = world.engine.snapshot

    def cut(stack: str) -> Snapshot | None:
        if len(world.engine.values) == 2:
            raise OperationError("The state backend cannot be used.")
        return snapshot(stack)

    monkeypatch.setattr(world.engine, "snapshot", cut)
    with pytest.raises(OperationError, match=r"^up failed\. The last good version is running again\.$"):
        world.deploy()


def test_an_update_that_stands_beside_a_container_that_is_not_well_is_told_to_be_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.machine, "unwell", lambda slug, give_up: ["the container target is unhealthy"])
    heard: list[str] = []
    told = Reporting(
        step=lambda step: None, note=world.notes.append, happened=lambda happening: heard.append(happening.what)
    )
    with pytest.raises(UnhealthyError, match="is up to date, but the container target is unhealthy"):
        deploy(world.engine.engine, CHECKOUT, DeployRequest(branch="a", base="base"), world.interrupts, told)
    assert heard == ["deploying", "live"]


@pytest.mark.parametrize("signalled", [False, True])
def test_an_update_that_stands_though_something_failed_later_is_told_to_be_live(world: World, signalled: bool) -> None:
    heard: list[str] = []
    told = Reporting(
        step=lambda step: None, note=world.notes.append, happened=lambda happening: heard.append(happening.what)
    )
    failing = world.fail(TypeError("half an event"))
    world.engine.after_up = (lambda: world.interrupts._handle(SIGTERM)) if signalled else failing
    with pytest.raises(InterruptedOperationError if signalled else UnhealthyError):
        deploy(world.engine.engine, CHECKOUT, DeployRequest(branch="a", base="base"), world.interrupts, told)
    assert heard == ["deploying", "live"]
