"""What becomes of an update that waits for the wake of its preview."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from operations.engine.events import Reporting, no_steps
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import BadInputError, LockedError
from operations.happening import Happening
from operations.life import sleep as sleeping
from operations.life import wake as waking
from operations.life.postponed import after_kept, fetch_update, forget_update, keep_update, remove_others
from operations.life.request import DeployRequest
from operations.life.work import Work
from operations.machine.access import Machine
from stacks.moments import text_of
from stacks.names import PreviewName
from tests.unit.operations.deploying import CHECKOUT, STATE, World


class Keeper:
    """A machine that keeps one update, in a folder here."""

    def __init__(self, world: World) -> None:
        folder = Path(os.environ["XDG_DATA_HOME"]) / "machine"
        self.base = world.machine.base.model_copy(update={"host_directory": str(folder)})
        self.directory = Path(self.base.directory("a"))
        self.directory.mkdir(parents=True)

    @property
    def kept(self) -> str:
        """The update's request; empty where none is kept."""
        request = self.directory / "update" / "request.json"
        return request.read_text(encoding="utf-8") if request.exists() else ""

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        own = {"PATH": os.environ["PATH"], **environment}
        return subprocess.run(["sh", "-c", script], env=own, check=True, capture_output=True, text=True).stdout

    def fetch(self, directory: str, destination: Path) -> None:
        shutil.copytree(directory, destination, dirs_exist_ok=True)


def work_on(machine: Any, world: World) -> Work:
    return Work(
        engine=world.engine.engine,
        machine=cast(Machine, machine),
        name=PreviewName("a"),
        before=STATE,
        told=Reporting(step=no_steps, note=print),
        interrupts=Interrupts(),
        operation="update",
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    world = World.make(monkeypatch)
    world.engine.states[STATE.stack] = STATE
    return world


def test_a_kept_update_has_the_labels_and_images_that_an_earlier_kept_one_has_named(world: World) -> None:
    keeper = Keeper(world)
    first = DeployRequest(branch="a", base="base", labels=frozenset({"preview::keep"}), images={"grafana": "g:1"})
    second = DeployRequest(branch="a", base="base", commit="2", images={"sink": "s:2"})
    keep_update(work_on(keeper, world), first, CHECKOUT)
    keep_update(work_on(keeper, world), second, CHECKOUT)
    kept = json.loads(keeper.kept)
    assert (kept["commit"], kept["labels"], kept["images"]) == (
        "2",
        ["preview::keep"],
        {"grafana": "g:1", "sink": "s:2"},
    )
    keep_update(work_on(keeper, world), replace(second, labels=frozenset()), CHECKOUT)
    assert json.loads(keeper.kept)["labels"] == [], "somebody has taken it away"


def test_a_kept_update_is_not_applied_over_what_was_deployed_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A wake that was interrupted has left it, and the preview awake.
    keeper = Keeper(world)
    keep_update(work_on(keeper, world), DeployRequest(branch="a", base="base", commit="1"), CHECKOUT)

    def deployed(at: dt.timedelta) -> Work:
        return replace(work_on(keeper, world), before=deployed_at(text_of(dt.datetime.now(dt.UTC) + at)))

    before, after = deployed(-dt.timedelta(minutes=1)), deployed(dt.timedelta(minutes=1))
    assert (asked := fetch_update(before))
    assert asked.commit == "1"
    assert fetch_update(after) is None
    assert not keeper.kept, "and never again"
    keep_update(before, DeployRequest(branch="a", base="base", images={"sink": "s:1"}), CHECKOUT)
    assert after_kept(after, DeployRequest(branch="a", base="base")).images == {}
    assert after_kept(before, DeployRequest(branch="a", base="base")).images == {"sink": "s:1"}


def deployed_at(moment: str) -> Snapshot:
    return replace(STATE, outputs={**STATE.outputs, "deployed_at": moment})


def test_a_wake_does_not_put_what_was_kept_over_what_was_deployed_between_waking_and_applying_it(world: World) -> None:
    world.engine.states[STATE.stack] = deployed_at("2026-01-10T12:00:01Z")
    kept = {"commit": "older", "only_existing": True}
    assert world.ask(**kept, kept_at="2026-01-10T12:00:00Z") is None
    assert not world.machine.scripts, "not even a slot was asked for"
    assert not world.engine.values
    assert world.ask(**kept, kept_at="2026-01-10T12:00:02Z")
    assert [values["commit"] for values in world.engine.values] == ["older"]


def test_an_update_whose_preview_was_put_to_sleep_again_waits_for_the_next_wake(world: World) -> None:
    world.engine.states[STATE.stack] = replace(STATE, outputs={**STATE.outputs, "asleep_since": "2026-01-10T12:00:01Z"})
    with pytest.raises(LockedError, match=r"put to sleep again .*: the next wake applies it"):
        world.ask(only_existing=True, kept_at="2026-01-10T12:00:00Z")
    assert "take" not in world.machine.scripts, "it sleeps on"
    assert not world.engine.values


def test_a_wake_says_that_it_has_left_out_what_was_overtaken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(waking, "machine_at", lambda *_: world.machine)
    monkeypatch.setattr(waking, "_awaken", lambda *_: True)
    monkeypatch.setattr(waking, "put_back", lambda *_: None)
    monkeypatch.setattr(waking, "fetch_update", lambda _: DeployRequest(branch="a", base="base", commit="older"))
    monkeypatch.setattr(waking, "deploy", lambda *_: None)
    told = Reporting(step=no_steps, note=notes.append)
    woken = waking.wake(cast(Engine, world.engine), CHECKOUT, "a", Interrupts(), told)
    assert (woken.changed, woken.updated) == (True, None)
    assert "left out: a newer one was deployed meanwhile" in notes[-1]


def test_an_update_that_is_kept_while_another_one_is_applied_stays_kept(world: World) -> None:
    keeper = Keeper(world)
    work = work_on(keeper, world)
    keep_update(work, DeployRequest(branch="a", base="base", commit="1"), CHECKOUT)
    tried = fetch_update(work)
    assert tried
    forget_update(work, replace(tried, kept_at="2026-01-10T12:00:00Z"))
    assert json.loads(keeper.kept)["commit"] == "1"
    forget_update(work, tried)
    assert not keeper.kept


def test_two_wakes_at_once_do_not_take_each_other_s_files_away(world: World) -> None:
    work = work_on(Keeper(world), world)
    keep_update(work, DeployRequest(branch="a", base="base", commit="1"), CHECKOUT)
    one, other = fetch_update(work), fetch_update(work)
    assert one
    assert other
    assert one.config_directory
    assert other.config_directory
    assert one.config_directory != other.config_directory
    assert (one.config_directory / "grafana").is_dir()
    remove_others(work, other)
    assert (one.config_directory / "grafana").is_dir(), "it may be about to be applied"
    os.utime(one.config_directory.parent, (0, 0))
    remove_others(work, other)
    assert not one.config_directory.parent.exists()
    assert (other.config_directory / "grafana").is_dir()


def test_a_deploy_that_wakes_has_the_images_that_a_kept_update_has_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine.states[STATE.stack] = replace(STATE, outputs={**STATE.outputs, "asleep_since": "2026-01-09T00:00:00Z"})
    kept = DeployRequest(branch="a", base="base", commit="1", images={"grafana": "g:1", "sink": "s:1"})
    said = json.dumps({"branch": kept.branch, "base": kept.base, "commit": "1", "images": dict(kept.images)})
    run = world.machine.run
    monkeypatch.setattr(
        world.machine, "run", lambda script, names: said if script.startswith("cat ") else run(script, names)
    )
    world.deploy(commit="2", images={"sink": "s:2"})
    (values,) = world.engine.values
    assert (values["commit"], values["images"]) == ("2", {"grafana": "g:1", "sink": "s:2"})


def test_a_kept_update_that_is_refused_at_the_wake_is_said_to_be_rolled_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Happening] = []
    asked = DeployRequest(branch="a", base="base", commit="bad", only_existing=True)

    def refused(*_: object) -> None:
        raise BadInputError("Its configuration cannot be used.")

    monkeypatch.setattr(waking, "machine_at", lambda *_: world.machine)
    monkeypatch.setattr(waking, "_awaken", lambda *_: True)
    monkeypatch.setattr(waking, "put_back", lambda *_: None)
    monkeypatch.setattr(waking, "fetch_update", lambda _: asked)
    monkeypatch.setattr(waking, "deploy", refused)
    told = Reporting(step=no_steps, note=print, happened=heard.append, by="ada")
    with pytest.raises(BadInputError):
        waking.wake(cast(Engine, world.engine), CHECKOUT, "a", Interrupts(), told)
    assert [(one.what, one.why) for one in heard] == [
        ("live", ""),
        ("rolled back", "Its configuration cannot be used."),
    ]


def test_a_kept_preview_has_no_end_when_it_sleeps_and_wakes_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Happening] = []
    outputs = {**STATE.outputs, "kept": "command", "expires_at": "2026-12-03T00:00:00Z"}
    world.engine.states[STATE.stack] = replace(STATE, outputs=outputs)
    told = Reporting(step=no_steps, note=print, happened=heard.append, by="ada")
    for module in (waking, sleeping):
        monkeypatch.setattr(module, "machine_at", lambda *_: world.machine)
    monkeypatch.setattr(sleeping, "fall_asleep", lambda *_: ("2026-01-10T00:00:00Z", True))
    monkeypatch.setattr(waking, "_awaken", lambda *_: True)
    monkeypatch.setattr(waking, "put_back", lambda *_: None)
    monkeypatch.setattr(waking, "fetch_update", lambda _: None)
    sleeping.sleep(world.engine.engine, "a", told)
    waking.wake(world.engine.engine, CHECKOUT, "a", Interrupts(), told)
    assert [(one.what, one.expires_at) for one in heard] == [("asleep", ""), ("live", "")]
