"""A full house: whom a deploy puts to sleep, and what the clean-up does by schedule."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, cast

import pytest

from components.host_scripts import script
from operations.engine.snapshot import Snapshot
from operations.errors import NotFoundError, RefusedError
from operations.happening import Happening
from operations.life import room
from operations.life import sleep as life_sleep
from operations.life.slot import NoRoomError
from operations.machine.access import Machine
from operations.machine.shell import ScriptError
from operations.upkeep import idle as upkeep_idle
from operations.upkeep.idle import put_idle_to_sleep
from tests.unit.operations.deploying import World
from tests.unit.operations.engine import preview

NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
SINCE = "2026-01-10T12:00:00Z"
FULL = ScriptError("There is no room.", 5)
LONG_AGO = "2026-01-05T00:00:00Z"
OLD = "old\told\trunning\t\t2026-01-08T00:00:00Z\t\t2026-01-09T00:00:00Z\n"
SLOTS = (
    f"{OLD}"
    "older\tolder\trunning\t\t2026-01-08T00:00:00Z\t\t2026-01-08T06:00:00Z\n"
    "kept\tkept\trunning\tkept\t2026-01-01T00:00:00Z\t\t\n"
)


@pytest.fixture
def slots() -> str:
    """What the machine says of its slots."""
    return SLOTS


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, slots: str) -> World:
    """Three previews that run, on a base that puts one to sleep for another."""
    made = World.make(monkeypatch)
    made.machine.base = made.machine.base.model_copy(update={"when_full": "sleep"})
    for branch in ("old", "older", "kept"):
        found = preview(branch, "2030-01-01T00:00:00Z", deployed_at=LONG_AGO, base="base")
        made.engine.states[found.stack] = found
    run = made.machine.run

    def answering(text: str, environment: Any) -> str:
        if text == script("describe_slots"):
            return slots
        return f"{SINCE}\n" if text == script("mark_asleep") else run(text, environment)

    def machine_at(*_: object) -> Machine:
        return cast(Machine, made.machine)

    monkeypatch.setattr(made.machine, "run", answering, raising=False)
    monkeypatch.setattr(made.machine, "stop_all", lambda slug: True, raising=False)
    monkeypatch.setattr(life_sleep, "machine_at", machine_at)
    monkeypatch.setattr(upkeep_idle, "machine_at", machine_at)
    return made


def asleep(world: World) -> set[str]:
    return {one.outputs["branch"] for one in world.engine.states.values() if one.outputs.get("asleep_since")}


def test_a_deploy_puts_to_sleep_the_one_that_nobody_has_looked_at_for_longest(world: World) -> None:
    world.machine.answers = {"take": [FULL]}
    assert world.deploy() is not None
    assert asleep(world) == {"older"}
    assert "put the preview of older to sleep, which nobody has looked at for longest" in world.notes


def test_one_that_somebody_works_on_is_passed_over(world: World) -> None:
    world.engine.busy = {"preview-older"}
    world.machine.answers = {"take": [FULL, FULL]}
    assert world.deploy() is not None
    assert asleep(world) == {"old"}


def destroyed(*_: object, **__: object) -> None:
    """Somebody destroys a preview after the machine has named it."""
    raise NotFoundError("There is no preview of branch 'older'.")


def test_a_deploy_does_not_fail_for_another_branch_s_preview_that_was_destroyed_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "sleep", destroyed)
    world.machine.answers = {"take": [FULL]}
    assert world.deploy() is not None, "its slot is free"


@pytest.mark.parametrize("slots", [SLOTS.replace("older\tolder", "older\t")])
def test_a_preview_whose_branch_the_machine_has_lost_is_put_to_sleep_by_what_its_state_says(world: World) -> None:
    world.machine.answers = {"take": [FULL]}
    assert world.deploy() is not None
    assert asleep(world) == {"older"}


@pytest.mark.parametrize("slots", [SLOTS.replace("kept\tkept", "kept\t")])
def test_a_refusal_names_a_preview_by_its_branch_where_the_machine_has_lost_it(world: World) -> None:
    found = world.engine.states["preview-kept"]
    outputs = {**found.outputs, "branch": "feature/kept"}
    world.engine.states["preview-kept"] = replace(found, outputs=outputs)
    world.machine.base = world.machine.base.model_copy(update={"when_full": "refuse"})
    world.machine.answers = {"take": [FULL]}
    with pytest.raises(RefusedError, match=r"To make room now: \./preview sleep feature/kept"):
        world.deploy()


def test_the_clean_up_goes_on_where_a_preview_was_destroyed_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_idle, "sleep", destroyed)
    engine = world.engine.engine
    done = put_idle_to_sleep(engine, "base", 24, NOW, world.notes.append, lambda _: None, dry_run=False)
    assert [one.result for one in done] == ["skipped", "skipped"]


@pytest.mark.parametrize("slots", [SLOTS.replace("older\tolder", "older\t")])
def test_the_clean_up_puts_to_sleep_a_preview_whose_branch_the_machine_has_lost(world: World) -> None:
    engine = world.engine.engine
    done = put_idle_to_sleep(engine, "base", 24, NOW, world.notes.append, lambda _: None, dry_run=False)
    assert [(one.branch, one.result) for one in done] == [("older", "asleep"), ("old", "asleep")]


def test_where_none_may_sleep_the_deploy_is_refused_with_those_that_hold_the_slots(world: World) -> None:
    world.engine.busy = {"preview-older", "preview-old"}
    world.machine.answers = {"take": [FULL] * 3}
    with pytest.raises(RefusedError) as refused:
        world.deploy()
    assert "3 of 2 previews run or start: kept (nobody has looked since 2026-01-01T00:00:00Z, kept)" in str(
        refused.value
    )
    assert "None of them may be put to sleep" in str(refused.value)
    assert asleep(world) == set()


def test_who_was_put_to_sleep_for_a_deploy_that_is_refused_all_the_same_is_named(world: World) -> None:
    world.machine.answers = {"take": [FULL, ScriptError("Memory is short.", 6)]}
    with pytest.raises(NoRoomError) as refused:
        world.deploy()
    assert str(refused.value) == (
        "Memory is short. What was put to sleep for it sleeps on until somebody wakes it: ./preview wake older."
    )
    assert asleep(world) == {"older"}


def test_a_base_that_refuses_puts_nobody_to_sleep(world: World) -> None:
    world.machine.base = world.machine.base.model_copy(update={"when_full": "refuse"})
    world.machine.answers = {"take": [FULL]}
    with pytest.raises(RefusedError, match=r"To make room now: \./preview sleep kept"):
        world.deploy()
    assert asleep(world) == set()


def test_the_clean_up_puts_to_sleep_what_nobody_looked_at_for_so_long_and_tells_of_it(world: World) -> None:
    told: list[Happening] = []
    arguments: Any = (world.engine.engine, "base", 24, NOW, world.notes.append, told.append)
    due = put_idle_to_sleep(*arguments, dry_run=True)
    assert [(one.branch, one.result) for one in due] == [("older", "due"), ("old", "due")]
    assert asleep(world) == set()
    world.engine.busy = {"preview-old"}
    done = put_idle_to_sleep(*arguments, dry_run=False)
    assert [(one.branch, one.result) for one in done] == [("older", "asleep"), ("old", "skipped")]
    assert asleep(world) == {"older"}
    assert [(one.what, one.by, one.why) for one in told] == [("asleep", "reap", "nobody looked for 24 h")]
    assert not put_idle_to_sleep(*(*arguments[:2], 24 * 30, *arguments[3:]), dry_run=False)


@pytest.mark.parametrize(
    ("slot", "deployed_at"),
    [
        (OLD, "2026-01-10T11:59:00Z"),
        (OLD.replace("running\t\t", "running\tkept\t"), LONG_AGO),
        (OLD.replace("2026-01-09T00:00:00Z", "2026-01-10T11:59:00Z"), LONG_AGO),
        (OLD.replace("running", "starting"), LONG_AGO),
    ],
    ids=["deployed", "kept", "looked at", "being deployed"],
)
def test_a_preview_that_somebody_wants_by_the_time_its_turn_comes_stays_awake(
    world: World, monkeypatch: pytest.MonkeyPatch, slot: str, deployed_at: str
) -> None:
    asked, run = world.engine.snapshot, world.machine.run

    def snapshot(stack: str) -> Snapshot | None:
        if stack == "preview-old" and stack in world.engine.under_lock:
            world.engine.states[stack] = preview("old", "2030-01-01T00:00:00Z", deployed_at=deployed_at, base="base")
        return asked(stack)

    def answering(text: str, environment: Any) -> str:
        said = run(text, environment)
        return said.replace(OLD, slot) if world.engine.under_lock else said

    monkeypatch.setattr(world.engine, "snapshot", snapshot)
    monkeypatch.setattr(world.machine, "run", answering)
    done = put_idle_to_sleep(world.engine.engine, "base", 24, NOW, world.notes.append, print, dry_run=False)
    assert {one.branch: one.result for one in done} == {"older": "asleep", "old": "skipped"}
    assert asleep(world) == {"older"}


@pytest.mark.parametrize("slots", [SLOTS + OLD.replace("old", "odd")])
def test_whatever_is_wrong_with_one_preview_the_clean_up_puts_the_others_to_sleep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_all(slug: str) -> bool:
        if slug == "older":
            raise AttributeError("nobody has thought of this")
        return True

    monkeypatch.setattr(world.machine, "stop_all", stop_all)
    world.engine.states["preview-odd"] = preview("odd", deployed_at="some day", base="base")
    done = put_idle_to_sleep(world.engine.engine, "base", 24, NOW, world.notes.append, print, dry_run=False)
    assert {one.branch: one.result for one in done} == {"odd": "failed", "older": "failed", "old": "asleep"}
    reasons = [one.reason for one in done if one.result == "failed"]
    assert reasons == [
        "'some day' in the stack's state is no RFC 3339 time: deploy the preview again.",
        "AttributeError: nobody has thought of this",
    ]
