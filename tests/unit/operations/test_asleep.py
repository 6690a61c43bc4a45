"""What a deploy makes of a preview that sleeps, with a slot and without one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operations.errors import OperationError, RefusedError
from operations.life.postponed import Postponed
from operations.machine.docker_state import ContainerState
from operations.machine.shell import ScriptError
from tests.unit.operations.deploying import STATE, World

SINCE = "2026-01-10T00:00:00Z"
FULL = ScriptError("There is no room.", 5)
SHORT = ScriptError("No disk.", 6)
ANOTHERS = ScriptError("The slug is another branch's.", 3)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World.make(monkeypatch)
    made.engine.states[STATE.stack] = replace(STATE, outputs={**STATE.outputs, "asleep_since": SINCE})
    return made


def container(service: str, status: str = "exited") -> ContainerState:
    health = "healthy" if status == "running" else ""
    return ContainerState(name=service, slug="a", service=service, status=status, health=health, id=service)


class Containers:
    """Containers in memory, well as soon as they are started.

    Attributes:
        cpus: Shares of processors in the order in which they were given.
    """

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpus: list[tuple[str, float]] = []
        self._states = {key: container(key) for key in ("workload", "pgwatch", "target", "sink")}
        monkeypatch.setattr(world.machine, "of_slug", lambda slug: list(self._states.values()), raising=False)
        monkeypatch.setattr(world.machine, "start", self._start, raising=False)
        monkeypatch.setattr(world.machine, "limit_cpus", self._limit, raising=False)
        monkeypatch.setattr(world.machine, "stop_all", self._stop_all, raising=False)

    def _limit(self, state: ContainerState, cpus: float) -> None:
        self.cpus.append((state.service, cpus))

    def _start(self, state: ContainerState) -> None:
        self._states[state.service] = container(state.service, "running")

    def run(self, *services: str) -> None:
        self._states |= {key: container(key, "running") for key in services}

    def _stop_all(self, slug: str) -> bool:
        self._states = {key: container(key) for key in self._states}
        return True

    @property
    def running(self) -> set[str]:
        return {key for key, state in self._states.items() if state.status == "running"}


def since(world: World) -> object:
    return world.engine.states[STATE.stack].outputs["asleep_since"]


def test_a_deploy_starts_all_containers_before_the_engine_changes_anything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers = Containers(world, monkeypatch)

    def up() -> None:
        assert containers.running == {"workload", "pgwatch", "target", "sink"}
        assert since(world) == ""

    world.engine.ups = [up]
    assert world.deploy() is not None
    assert world.machine.scripts.count("take") == 1


def test_what_a_killed_sleep_has_not_stopped_yet_is_stopped_before_anything_is_started(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers = Containers(world, monkeypatch)
    containers.run("target", "sink")
    assert world.deploy() is not None
    assert containers.running == {"workload", "pgwatch", "target", "sink"}


@pytest.mark.parametrize("refusal", [FULL, SHORT], ids=["slots", "disk or memory"])
def test_an_update_waits_for_room_and_changes_nothing(world: World, refusal: ScriptError) -> None:
    world.machine.answers = {"take": [refusal]}
    postponed = world.ask(only_existing=True)
    assert isinstance(postponed, Postponed)
    assert "room" in postponed.why or "disk" in postponed.why
    assert since(world) == SINCE
    assert world.engine.values == []


@pytest.mark.parametrize(
    ("refusal", "only_existing"), [(FULL, False), (ANOTHERS, True)], ids=["a deploy", "another branch's"]
)
def test_what_does_not_wait_for_room_is_refused(world: World, refusal: ScriptError, *, only_existing: bool) -> None:
    world.machine.answers = {"take": [refusal]}
    with pytest.raises(RefusedError):
        world.ask(only_existing=only_existing)
    assert since(world) == SINCE


def test_one_that_cannot_be_started_sleeps_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(world, monkeypatch)

    def broken(*_: object, **__: object) -> list[ContainerState]:
        raise OperationError("Docker does not answer.")

    monkeypatch.setattr(world.machine, "unwell", broken, raising=False)
    monkeypatch.setattr(world.machine, "answers", {})
    with pytest.raises(OperationError, match="Docker does not answer"):
        world.deploy()
    assert containers.running == set()
    assert ("target", 0.3) in containers.cpus, "its share is its own again"
    assert world.engine.values == []
