"""What becomes of an update that waits for the wake of its preview."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from operations.engine.events import Reporting, no_steps
from operations.engine.interrupts import Interrupts
from operations.engine.workspace import Engine
from operations.errors import BadInputError
from operations.happening import Happening
from operations.life import sleep as sleeping
from operations.life import wake as waking
from operations.life.postponed import after_kept, fetch_update, keep_update
from operations.life.request import DeployRequest
from operations.life.work import Work
from operations.machine.access import Machine
from stacks.moments import text_of
from stacks.names import PreviewName
from tests.unit.operations.deploying import CHECKOUT, STATE, World


class Keeper:
    """A machine that keeps one update."""

    def __init__(self, world: World) -> None:
        self.base = world.machine.base
        self.kept = ""

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        if script.startswith("cat "):
            return self.kept
        if "echo kept" in script:
            return "kept" if self.kept else ""
        if script.startswith("rm "):
            self.kept = ""
            return ""
        archive = re.search(r"<<'END'.*?\n(.*?)\nEND", script, re.DOTALL)
        assert archive
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive[1]))) as tar:
            file = tar.extractfile("./request.json")
            assert file
            self.kept = file.read().decode()
        return ""

    def fetch(self, directory: str, destination: Path) -> None:
        (destination / "request.json").write_text(self.kept, encoding="utf-8")


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
        moment = text_of(dt.datetime.now(dt.UTC) + at)
        return replace(work_on(keeper, world), before=replace(STATE, outputs={**STATE.outputs, "deployed_at": moment}))

    before, after = deployed(-dt.timedelta(minutes=1)), deployed(dt.timedelta(minutes=1))
    assert (asked := fetch_update(before))
    assert asked.commit == "1"
    assert fetch_update(after) is None
    assert not keeper.kept, "and never again"
    keep_update(before, DeployRequest(branch="a", base="base", images={"sink": "s:1"}), CHECKOUT)
    assert after_kept(after, DeployRequest(branch="a", base="base")).images == {}
    assert after_kept(before, DeployRequest(branch="a", base="base")).images == {"sink": "s:1"}


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
