"""A cluster that has no room for a preview: what is refused, and what is given back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.host_scripts import script
from operations.errors import BadInputError, RefusedError
from operations.life import deploy as life
from operations.life.postponed import Postponed
from operations.life.watch import EndedError
from stacks.names import stack_of
from stacks.outputs import Node
from tests.unit.operations.deploying import STATE, World

LACKING = "pgwatch needs 0.50 CPU and 512 MiB, and beside the others node-1 has 0.40 CPU and 900 MiB free"
SLOTS = (
    "early\tearly\tstarting\t\t2026-01-10T11:00:00Z\t\t\n"
    "a\ta\tstarting\t\t2026-01-10T12:00:00Z\t\t\n"
    "late\tlate\tstarting\t\t2026-01-10T12:00:01Z\t\t\n"
    "sleeper\tsleeper\tasleep\t\t2026-01-10T10:00:00Z\t2026-01-10T10:30:00Z\t\n"
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A cluster without room."""
    made = World.make(monkeypatch)
    run = made.machine.run

    def answering(text: str, environment: Any) -> str:
        return SLOTS if text == script("describe_slots") else run(text, environment)

    monkeypatch.setattr(made.machine, "run", answering, raising=False)
    monkeypatch.setattr(made.machine, "shortage", lambda slug, ahead: LACKING, raising=False)
    monkeypatch.setattr(made.machine, "stop_all", lambda slug: True, raising=False)
    return made


def test_a_first_deploy_is_refused_with_what_is_lacking_and_gives_its_slot_back(world: World) -> None:
    with pytest.raises(RefusedError, match=r"pgwatch needs 0\.50 CPU .* Nothing was changed") as refused:
        world.deploy()
    assert refused.value.exit_code == 3
    assert world.machine.scripts[-1] == "release"
    assert world.engine.values == []


def test_files_that_are_too_large_for_a_cluster_are_refused_before_a_slot_is_taken(
    world: World, tmp_path: Path
) -> None:
    dashboards = tmp_path / "grafana/dashboards"
    dashboards.mkdir(parents=True)
    (dashboards / "large.json").write_text(json.dumps({"title": "a", "uid": "a", "description": "x" * 1_000_000}))
    nodes = (Node(name="node-1", docker_host="unix:///run/node-1.sock"),)
    world.machine.base = world.machine.base.model_copy(update={"nodes": nodes})
    with pytest.raises(BadInputError) as refused:
        world.deploy(config_directory=tmp_path)
    assert f"1 in {tmp_path} has more: config/grafana/dashboards/large.json" in str(refused.value)
    assert world.machine.scripts == []
    assert stack_of("a") not in world.engine.states


def test_a_preview_that_finds_no_room_for_a_service_that_is_gone_keeps_its_slot(world: World) -> None:
    world.engine.states[STATE.stack] = STATE
    with pytest.raises(RefusedError, match="pgwatch needs"):
        world.deploy()
    assert "release" not in world.machine.scripts


def test_a_preview_that_cannot_be_woken_sleeps_on_and_its_update_waits(world: World) -> None:
    world.engine.states[STATE.stack] = replace(STATE, outputs={**STATE.outputs, "asleep_since": "2026-01-10T00:00:00Z"})
    assert isinstance(world.ask(only_existing=True), Postponed)
    assert world.machine.scripts.index("take") < world.machine.scripts.index("mark")


def test_of_deploys_at_once_only_those_whose_slot_was_taken_before_come_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def shortage(slug: str, ahead: Callable[[], Iterable[str]]) -> str:
        asked.extend(ahead())
        return ""

    monkeypatch.setattr(world.machine, "shortage", shortage, raising=False)
    world.deploy()
    assert asked == ["early"]


def test_an_update_that_waits_for_room_in_vain_is_undone_and_is_a_refusal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.machine, "shortage", lambda slug, ahead: "", raising=False)

    def waits(*_: object, **__: object) -> None:
        raise EndedError("grafana: no suitable node (insufficient resources on 3 nodes).", "c", "", refused=True)

    monkeypatch.setattr(life, "watched", waits)
    world.engine.states[STATE.stack] = STATE
    with pytest.raises(RefusedError, match=r"no suitable node .* The last good version is running again"):
        world.deploy()
