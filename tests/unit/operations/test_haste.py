"""What starts may use more processors than what runs, and no longer than it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from operations.engine.snapshot import CONTAINER
from operations.errors import OperationError
from operations.life.haste import hastened, hastened_update
from operations.life.work import Work
from operations.machine.docker_state import ContainerEvent, ContainerState
from operations.machine.runtime import Runtime
from tests.equipment.programs import wait_for

GRAFANA, PGWATCH = 0.25, 0.5


@dataclass
class Engine:
    """A Docker engine whose events a test gives; its containers have more than their share until they are given it."""

    health: dict[str, str] = field(default_factory=dict)
    cpus: dict[str, float] = field(default_factory=dict)
    deaf: bool = False
    refuses: bool = False
    _events: SimpleQueue[ContainerEvent | None] = field(default_factory=SimpleQueue)

    @property
    def runtime(self) -> Runtime:
        return cast(Runtime, self)

    def happen(self, service: str, action: str, health: str = "starting") -> None:
        self.health[service] = health
        self._events.put(ContainerEvent(action=action, id=f"id-{service}", name=service, service=service))

    @contextmanager
    def events(self, slug: str) -> Iterator[Iterator[ContainerEvent]]:
        assert slug == "a"
        if self.deaf:
            raise OperationError("does not answer")
        try:
            yield cast(Iterator[ContainerEvent], iter(self._events.get, None))
        finally:
            self._events.put(None)

    def of_slug(self, slug: str) -> list[ContainerState]:
        assert slug == "a"
        common = ContainerState(name="", slug=slug, service="", status="running", health="")
        return [
            replace(common, name=key, service=key, id=f"id-{key}", health=health) for key, health in self.health.items()
        ]

    def limit_cpus(self, state: ContainerState, cpus: float) -> None:
        if self.refuses:
            raise OperationError("refused")
        self.cpus[state.service] = cpus

    def start_and_refuse(self, service: str) -> None:
        """Let a service start and have more, and give nothing any more from then on."""
        self.happen(service, "start")
        wait_for("it has more", self.has(**{service: 1.0}))
        self.refuses = True

    def has(self, **shares: float) -> Callable[[], bool]:
        return lambda: shares.items() <= self.cpus.items()


def test_what_starts_has_a_processor_until_it_is_healthy() -> None:
    engine = Engine()
    with hastened(engine.runtime, "a"):
        engine.happen("grafana", "start")
        engine.happen("pgwatch", "start")
        wait_for("both have more", engine.has(grafana=1.0, pgwatch=1.0))
        engine.happen("grafana", "healthy", "healthy")
        wait_for("one has its own", engine.has(grafana=GRAFANA, pgwatch=1.0))
    assert engine.cpus == {"grafana": GRAFANA, "pgwatch": PGWATCH}


def test_what_has_become_well_before_it_is_looked_at_has_its_own() -> None:
    engine = Engine()
    with hastened(engine.runtime, "a"):
        engine.happen("grafana", "start", "healthy")
        wait_for("it is looked at", lambda: "grafana" in engine.cpus)
        assert engine.cpus == {"grafana": GRAFANA}


def test_what_is_there_has_its_own_all_the_time_where_an_engine_reads_it_meanwhile() -> None:
    engine = Engine(health={"grafana": "healthy"}, cpus={"grafana": 1.0})
    with hastened(engine.runtime, "a", only_new=True):
        assert engine.cpus == {"grafana": GRAFANA}, "what a killed operation has left is taken away before"
        engine.happen("grafana", "start")
        engine.happen("pgwatch", "start")
        wait_for("what is new has more", engine.has(pgwatch=1.0))
        assert engine.cpus["grafana"] == GRAFANA
    assert engine.cpus == {"grafana": GRAFANA, "pgwatch": PGWATCH}


@pytest.mark.parametrize("deaf", [False, True])
def test_what_a_killed_operation_has_left_with_more_gets_its_own(*, deaf: bool) -> None:
    engine = Engine(health={"grafana": "healthy"}, cpus={"grafana": 1.0}, deaf=deaf)
    with hastened(engine.runtime, "a"):
        pass
    assert engine.cpus == {"grafana": GRAFANA}


def test_what_fails_meanwhile_is_what_is_told_and_shares_are_given_all_the_same() -> None:
    engine = Engine(health={"grafana": "unhealthy"}, cpus={"grafana": 1.0})
    with pytest.raises(KeyError, match="of its own"), hastened(engine.runtime, "a"):
        raise KeyError("of its own")
    assert engine.cpus == {"grafana": GRAFANA}

    def fail() -> None:
        engine.start_and_refuse("pgwatch")
        raise KeyError("of its own")

    with pytest.raises(KeyError, match="of its own"), hastened(engine.runtime, "a"):
        fail()


def test_a_share_that_cannot_be_given_back_is_a_failure() -> None:
    engine = Engine()
    with pytest.raises(OperationError, match="refused"), hastened(engine.runtime, "a"):
        engine.start_and_refuse("grafana")


def test_what_was_given_nothing_is_not_asked_about_again() -> None:
    engine = Engine(health={"grafana": "healthy"})
    with hastened(engine.runtime, "a"):
        engine.cpus.clear()
    assert engine.cpus == {}


@dataclass
class Stacks:
    """The engine's stacks, of which one state is kept."""

    deployment: dict[str, Any]
    locked_by: str = ""
    edits: int = 0

    @contextmanager
    def locked(self, stack: str, operation: str) -> Iterator[None]:
        assert stack == "preview-a"
        self.locked_by = operation
        yield
        self.locked_by = ""

    def edit(self, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
        assert (stack, self.locked_by) == ("preview-a", "deploy")
        self.edits += 1
        change(self.deployment)


@pytest.mark.parametrize("starts", [True, False])
def test_an_updates_state_knows_nothing_of_what_the_provider_has_read_in_the_moment_of_the_start(
    *, starts: bool
) -> None:
    engine = Engine(health={"sink": "healthy"})
    read = {"cpus": "1", "mustRun": False, "name": "preview-a-grafana"}
    grafana = {"type": CONTAINER, "inputs": {"cpus": "0.25"}, "outputs": dict(read)}
    ended = {"cpus": "1", "mustRun": False}
    initial = {"type": CONTAINER, "inputs": dict(ended), "outputs": dict(ended)}
    stacks = Stacks({"resources": [{"type": "pulumi:pulumi:Stack"}, grafana, initial, {"type": CONTAINER}]})
    machine, name = SimpleNamespace(docker=engine), SimpleNamespace(slug="a", stack="preview-a")
    work = cast(Work, SimpleNamespace(machine=machine, name=name, engine=stacks, operation="deploy"))
    with hastened_update(work):
        if starts:
            engine.happen("grafana", "start")
            wait_for("it has more", engine.has(grafana=1.0))
    assert stacks.edits == starts
    assert grafana["outputs"] == (read | {"cpus": "0.25", "mustRun": True} if starts else read)
    assert initial["outputs"] == ended, "as it was to"


def test_what_never_says_that_it_is_healthy_has_its_own_from_the_start() -> None:
    engine = Engine()
    with hastened(engine.runtime, "a"):
        engine.happen("workload", "start", "")
        engine.happen("grafana", "start")
        wait_for("the other has more", engine.has(grafana=1.0))
        assert "workload" not in engine.cpus


def test_an_update_that_is_made_stays_so_where_a_share_cannot_be_taken_back_which_the_next_does() -> None:
    engine, notes = Engine(), list[str]()
    stacks = Stacks({"resources": []})
    machine, name = SimpleNamespace(docker=engine), SimpleNamespace(slug="a", stack="preview-a")
    told = SimpleNamespace(note=notes.append)
    work = cast(Work, SimpleNamespace(machine=machine, name=name, engine=stacks, operation="deploy", told=told))
    with hastened_update(work):
        engine.start_and_refuse("grafana")
    assert notes == ["containers keep the processors of their start until the next deploy (refused)"]
    assert stacks.edits == 1
    engine.refuses = False
    with hastened_update(work):
        assert engine.cpus == {"grafana": GRAFANA}


def test_an_update_that_fails_is_what_is_told_where_a_share_cannot_be_taken_back_either() -> None:
    engine = Engine()
    work = cast(Work, SimpleNamespace(machine=SimpleNamespace(docker=engine), name=SimpleNamespace(slug="a")))

    def fail() -> None:
        engine.start_and_refuse("grafana")
        raise OperationError("up failed")

    with pytest.raises(OperationError, match="up failed"), hastened_update(work):
        fail()
