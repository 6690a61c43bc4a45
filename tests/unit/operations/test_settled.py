"""An update of which nothing but the record would change is made without the engine, and any other with it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from operations.engine.snapshot import CONTAINER, VOLUME
from operations.errors import OperationError
from operations.life import settled
from tests.unit.operations import deploying
from tests.unit.operations.deploying import CHECKOUT, STATE, World

_STACK = STATE.stack


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of what a preview is made of."""
    for name in (*settled.PROGRAM, "config"):
        source, copy = CHECKOUT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    monkeypatch.setattr(deploying, "CHECKOUT", tmp_path)
    return tmp_path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> World:
    """A preview that was updated once, with a container that runs."""
    world = World.make(monkeypatch)
    world.engine.states[_STACK] = replace(STATE, ids={})
    world.deploy(commit="one")
    assert len(world.engine.values) == 1
    return world


def test_what_is_recorded_is_renewed_without_the_engine(world: World) -> None:
    before = dict(world.engine.states[_STACK].outputs)
    world.deploy(commit="two", labels=["preview::keep"])
    assert len(world.engine.values) == 1
    after = dict(world.engine.states[_STACK].outputs)
    assert (after["commit"], after["kept"]) == ("two", "label")
    assert dt.datetime.fromisoformat(after["expires_at"]) >= dt.datetime.fromisoformat(before["expires_at"])
    assert set(after) == set(before)
    assert world.engine.configured["commit"] == "two", "for whoever runs plain pulumi next"


def test_an_end_that_somebody_has_moved_away_stays_and_a_warning_is_forgotten(world: World) -> None:
    now = world.engine.states[_STACK]
    far = "2100-01-01T00:00:00Z"
    world.engine.states[_STACK] = replace(now, outputs={**now.outputs, "expires_at": far, "warned_for": far})
    world.deploy()
    assert len(world.engine.values) == 1
    after = world.engine.states[_STACK].outputs
    assert after["expires_at"] == far
    assert "warned_for" not in after


def _file(name: str, text: str = "changed") -> Callable[[World, Path], None]:
    def change(world: World, checkout: Path) -> None:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")

    return change


def _state(**changes: object) -> Callable[[World, Path], None]:
    def change(world: World, checkout: Path) -> None:
        world.engine.states[_STACK] = replace(world.engine.states[_STACK], **changes)  # type: ignore[arg-type]

    return change


def _base(world: World, checkout: Path) -> None:
    world.machine.base = world.machine.base.model_copy(update={"plugins": ("another@1.0",)})


def _version(world: World, checkout: Path) -> None:
    world.engine.version = "3.1.5"


def _note(world: World, checkout: Path) -> None:
    world.engine.kept.clear()


def _damaged_note(world: World, checkout: Path) -> None:
    world.engine.kept = dict.fromkeys(world.engine.kept, b"\xff")


def _images(world: World, checkout: Path) -> None:
    world.machine.use_images = lambda references, on_pull: dict.fromkeys(references, "sha256:other")  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "change",
    [
        _file("components/service.py"),
        _file("components/new.sql"),
        _file("stacks/preview.py"),
        _file("host/take_slot.sh"),
        _file("workload/generate.sh"),
        _file("requirements.lock"),
        _file("Pulumi.yaml"),
        _file("config/grafana/dashboards/activity.json", '{"uid": "a", "title": "A", "panels": []}'),
        _file("config/target-db/new.sql", "select 1;"),
        _state(ids={VOLUME: frozenset({"v"})}),
        _base,
        _version,
        _note,
        _damaged_note,
        _images,
    ],
)
def test_whatever_else_is_another_has_the_engine_look(
    world: World, checkout: Path, change: Callable[[World, Path], None]
) -> None:
    change(world, checkout)
    world.deploy(commit="two")
    assert len(world.engine.values) == 2


def test_a_container_that_is_gone_has_the_engine_look(world: World, checkout: Path) -> None:
    _state(ids={CONTAINER: frozenset({"gone"})})(world, checkout)
    world.deploy()
    assert len(world.engine.values) == 2
    world.deploy()
    assert len(world.engine.values) == 3, "Docker still has none of that id"


def test_another_image_or_configuration_has_the_engine_look_and_the_same_again_has_not(
    world: World, checkout: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(checkout / "config", own)
    world.deploy(images={"backend": "b:{commit}"}, commit="two")
    world.deploy(commit="three")
    assert len(world.engine.values) == 3, "a commit that means another image"
    world.deploy(commit="three")
    world.deploy(commit="three", config_directory=own)
    assert len(world.engine.values) == 3, "the same files elsewhere"
    (own / "grafana/dashboards/activity.json").write_text('{"uid": "a", "title": "A", "panels": []}', encoding="utf-8")
    world.deploy(commit="three", config_directory=own)
    assert len(world.engine.values) == 4


def test_what_a_program_of_old_has_recorded_otherwise_leaves_no_note(world: World) -> None:
    world.engine.kept.clear()
    world.engine.records = False
    world.deploy(images={"sink": "s:2"})
    assert not world.engine.kept, "nothing was recorded of this deploy"


def test_files_that_somebody_changes_during_an_update_leave_no_note(world: World, checkout: Path) -> None:
    script = checkout / "workload/generate.sh"
    before = script.read_bytes()
    world.engine.version = "3.1.5"
    world.machine.during = {"take": lambda: _file("workload/generate.sh")(world, checkout)}
    world.deploy()
    script.write_bytes(before)
    world.machine.during = {}
    world.deploy()
    assert len(world.engine.values) == 3, "who knows which of the two the program has read"


def test_where_no_note_can_be_kept_each_update_has_the_engine_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(key: str, content: bytes) -> None:
        raise OperationError("The backend is full.")

    monkeypatch.setattr(world.engine, "write", refuse)
    world.engine.kept.clear()
    for runs in (2, 3):
        world.deploy()
        assert len(world.engine.values) == runs


def test_a_file_that_cannot_be_read_has_the_engine_look(world: World, checkout: Path) -> None:
    (checkout / "components/looped").symlink_to("looped")
    world.deploy()
    assert len(world.engine.values) == 1, "no file, no part of it"
    os.mkfifo(checkout / "config/grafana/pipe")
    with pytest.raises(OperationError, match="neither a file nor a folder"):
        world.deploy()
