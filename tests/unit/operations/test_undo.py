"""What a deploy leaves, whatever it met."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from signal import SIGINT

import pytest

from operations.engine.events import Reporting
from operations.errors import (
    EngineError,
    InterruptedOperationError,
    OperationError,
    RefusedError,
    UnhealthyError,
)
from operations.happening import Happening, all_of
from operations.life.deploy import Deployed, deploy
from operations.life.request import DeployRequest
from operations.life.settled import Settled
from operations.machine.shell import ScriptError
from tests.unit.operations.deploying import CHECKOUT, STATE, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World.make(monkeypatch)


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
    with pytest.raises(OperationError, match=r"^The VM cannot be reached\. Nothing was changed\.$"):
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


def test_a_first_deploy_whose_container_is_not_well_once_all_is_made_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.machine, "unwell", lambda slug, give_up: ["the container target is unhealthy"])
    with pytest.raises(UnhealthyError, match=r"target is unhealthy\. Everything that was made has been removed again"):
        world.deploy()
    assert world.engine.destroyed == [STATE.stack]


def test_a_first_deploy_that_is_interrupted_once_the_engine_has_ended_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settled, "keep", lambda *_: world.interrupts._handle(SIGINT))
    with pytest.raises(InterruptedOperationError, match="Everything that was made has been removed again"):
        world.deploy(commit="new")
    assert world.engine.destroyed == [STATE.stack]


@pytest.mark.parametrize("at_once", [True, False])
def test_an_update_that_is_interrupted_once_it_is_made_stays_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    world.engine.states[STATE.stack] = STATE

    def interrupt(*_: object) -> None:
        world.interrupts._handle(SIGINT)

    if at_once:
        world.engine.after_up = interrupt
    else:
        monkeypatch.setattr(Settled, "keep", interrupt)
    with pytest.raises(InterruptedOperationError) as stopped:
        world.deploy(commit="new")
    assert str(stopped.value) == "The deploy of 'a' was interrupted. The preview was up to date by then, and stays so."
    assert stopped.value.signal_number == SIGINT
    assert world.engine.states[STATE.stack].outputs["commit"] == "new"
    assert len(world.engine.values) == 1, "the engine's history has nothing older to go back to any more"


def test_an_update_that_is_made_stays_whatever_fails_afterwards(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    world.engine.after_up = world.fail(TypeError("half an event"))
    with pytest.raises(UnhealthyError) as failed:
        world.deploy(commit="new")
    assert str(failed.value) == (
        "The deploy of 'a' failed: TypeError where none was expected (half an event). "
        "The preview was up to date by then, and stays so."
    )
    assert world.engine.states[STATE.stack].outputs["commit"] == "new"
    assert "fetch" not in world.machine.scripts


@pytest.mark.parametrize("known", [False, True])
def test_who_wants_to_hear_of_a_deploy_and_fails_in_whatever_way_does_not_harm_it(world: World, known: bool) -> None:
    if known:
        world.engine.states[STATE.stack] = STATE

    def deaf(_: Happening) -> None:
        raise ValueError("no JSON")

    told = Reporting(step=lambda step: None, note=world.notes.append, happened=all_of([deaf], world.notes.append))
    asked = DeployRequest(branch="a", base="base", commit="new")
    deployed = deploy(world.engine.engine, CHECKOUT, asked, world.interrupts, told)
    assert isinstance(deployed, Deployed)
    assert deployed.created is not known
    assert world.notes.count("ValueError where none was expected (no JSON).") == 1
    assert not world.engine.destroyed
    assert len(world.engine.values) == 1


def test_what_another_machine_has_deployed_meanwhile_is_not_undone(world: World) -> None:
    world.engine.states[STATE.stack] = STATE

    def overtaken() -> None:
        world.engine.states[STATE.stack] = replace(STATE, outputs={**STATE.outputs, "deployed_by": "somebody else"})
        raise EngineError("up failed.")

    world.engine.ups = [overtaken]
    with pytest.raises(OperationError, match="Another operation has changed the preview"):
        world.deploy()
    assert len(world.engine.values) == 1


def test_a_preview_that_the_machine_has_lost_is_made_anew_with_the_images_and_the_keeping_that_it_had(
    world: World,
) -> None:
    outputs = {**STATE.outputs, "images": {"grafana": "own:1"}, "kept": "command", "created_at": "2026-01-01T00:00:00Z"}
    world.engine.states[STATE.stack] = replace(STATE, outputs=outputs)
    world.machine.answers = {"take": [ScriptError("The slot is gone.", 4)]}
    world.deploy()
    assert world.engine.destroyed == [STATE.stack]
    (values,) = world.engine.values
    assert (values["images"], values["kept"]) == ({"grafana": "own:1"}, "command")
    assert values["createdAt"] == "2026-01-01T00:00:00Z"


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
