"""What containers use of their limits."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from rich.console import Console

import cli.stats
from operations import stats
from operations.errors import InterruptedOperationError, NotFoundError
from operations.machine.docker_state import ContainerState
from operations.machine.usage import Usage, usage_of
from operations.stats import Load, Meter
from tests.unit.operations.engine import StandInEngine, preview

STATE = ContainerState(
    name="preview-a-grafana", slug="a", service="grafana", status="running", health="healthy", id="c1"
)
FOUND: Mapping[str, Any] = {
    "RestartCount": 2,
    "State": {"OOMKilled": True},
    "HostConfig": {"NanoCpus": 250_000_000, "Memory": 256 << 20},
}
COUNTED: Mapping[str, Any] = {
    "read": "2026-11-29T01:43:00.123456789Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 3_500_000_000}},
    "memory_stats": {"usage": 100 << 20, "stats": {"inactive_file": 40 << 20}},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 5, "tx_bytes": 2}},
}


def test_usage_is_what_the_engine_counts_against_the_limits() -> None:
    usage = usage_of(STATE, FOUND, COUNTED)
    assert (usage.cpu_seconds, usage.cpus) == (3.5, 0.25)
    assert (usage.memory, usage.working_set, usage.memory_limit) == (100 << 20, 60 << 20, 256 << 20)
    assert (usage.received, usage.sent) == (15, 3)
    assert (usage.restarts, usage.out_of_memory) == (2, True)


def test_files_in_memory_are_told_apart_on_machines_with_the_older_control_groups_too() -> None:
    memory = {"usage": 100 << 20, "stats": {"total_inactive_file": 30 << 20}}
    assert usage_of(STATE, FOUND, {**COUNTED, "memory_stats": memory}).working_set == 70 << 20


@pytest.mark.parametrize("counted", [{}, {**COUNTED, "memory_stats": {}, "read": "0001-01-01T00:00:00Z"}])
def test_a_container_that_does_not_run_has_limits_and_no_figures(counted: Mapping[str, Any]) -> None:
    found = Load(branch="a", usage=usage_of(STATE, FOUND, counted), cpus=None).as_dict()
    assert found["memory_limit"] == 256 << 20
    for name in ("cpus", "cpu_share", "memory", "working_set", "memory_share", "received", "sent"):
        assert found[name] is None, name
    assert "–" in shown([Load(branch="a", usage=usage_of(STATE, FOUND, counted), cpus=None)])


def shown(loads: list[Load]) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(cli.stats.stats_table(loads))
    return captured.get()


class StandInDocker:
    """A container whose counters a test sets."""

    def __init__(self) -> None:
        self.now: Usage | None = usage_of(STATE, FOUND, COUNTED)

    def previews(self) -> list[ContainerState]:
        return [STATE, replace(STATE, slug="of-nobody")]

    def usage(self, state: ContainerState) -> Usage | None:
        assert state.slug == "a", "nobody has asked for it"
        return self.now

    def after(self, *, seconds: float, cpu_seconds: float) -> None:
        assert self.now
        assert self.now.at
        at = self.now.at + dt.timedelta(seconds=seconds)
        self.now = replace(self.now, at=at, cpu_seconds=self.now.cpu_seconds + cpu_seconds)


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> StandInDocker:
    made = StandInDocker()
    monkeypatch.setattr(stats, "machine_at", lambda engine, base: SimpleNamespace(docker=made))
    return made


@pytest.fixture
def engine() -> StandInEngine:
    return StandInEngine(states={"preview-a": preview("a"), "preview-b": preview("b", base="other")})


def test_processor_time_is_told_between_two_looks_as_a_share_of_the_limit(
    engine: StandInEngine, docker: StandInDocker
) -> None:
    meter = Meter(engine.engine, "a")
    assert [load.cpus for load in meter.look()] == [None]
    docker.after(seconds=2, cpu_seconds=0.25)
    (load,) = meter.look()
    assert load.cpus == 0.125
    assert load.as_dict()["cpu_share"] == 0.5
    assert "50%" in shown([load])
    assert "out of memory" in shown([load])


def test_a_container_that_was_started_again_is_not_told_below_zero(
    engine: StandInEngine, docker: StandInDocker
) -> None:
    meter = Meter(engine.engine, "a")
    meter.look()
    docker.after(seconds=2, cpu_seconds=-3)
    assert [load.cpus for load in meter.look()] == [None]


def test_a_container_that_is_gone_has_no_row(engine: StandInEngine, docker: StandInDocker) -> None:
    docker.now = None
    assert Meter(engine.engine, "a").look() == []


def test_without_a_branch_all_previews_of_the_base_are_shown(engine: StandInEngine, docker: StandInDocker) -> None:
    assert [load.branch for load in Meter(engine.engine, "", "local").look()] == ["a"]
    assert Meter(engine.engine, "", "nowhere").look() == []


def test_a_branch_without_a_preview_is_refused(engine: StandInEngine) -> None:
    with pytest.raises(NotFoundError):
        Meter(engine.engine, "nobody")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_the_live_table_without_a_word(
    engine: StandInEngine, docker: StandInDocker, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def interrupted(seconds: float) -> None:
        raise InterruptedOperationError("Interrupted.", number)

    monkeypatch.setattr("cli.stats.time.sleep", interrupted)
    meter = cast(Any, Meter(engine.engine, "a"))
    if number == signal.SIGINT:
        failure = cli.stats._live(meter).failure
        assert isinstance(failure, typer.Exit)
        assert failure.exit_code == 130
    else:
        with pytest.raises(InterruptedOperationError):
            cli.stats._live(meter)
