"""How long containers are waited for that are not well yet."""

from __future__ import annotations

import time
from typing import Any

import docker
import pytest

from components.labels import SERVICE, SLUG
from operations.machine.connection import way_on_this_machine
from operations.machine.docker import Docker


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def engine(monkeypatch: pytest.MonkeyPatch, clock: Clock, states: dict[str, tuple[str, str, float]]) -> Docker:
    """An engine with one preview: service → state, what its status says, and seconds until it is healthy."""
    began = clock.now

    def containers(**_: Any) -> list[dict[str, Any]]:
        return [
            {
                "Names": [f"/preview-a-{service}"],
                "Labels": {SERVICE: service, SLUG: "a"},
                "State": state,
                "Status": "Up 9 seconds (healthy)" if clock.now - began >= healthy_after else status,
            }
            for service, (state, status, healthy_after) in states.items()
        ]

    class Client:
        def __init__(self, **_: Any) -> None:
            self.api = self
            self.containers = containers

        def ping(self) -> None:
            """Answers."""

    monkeypatch.setattr(docker, "DockerClient", Client)
    return Docker(way_on_this_machine("unix:///nowhere"))


STARTING = "Up 9 seconds (health: starting)"


@pytest.mark.parametrize(("service", "seconds"), [("grafana", 120), ("pgwatch", 60)])
def test_a_container_is_waited_for_as_long_as_its_service_may_take(
    service: str, seconds: int, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    began = clock.now
    docker_engine = engine(monkeypatch, clock, {service: ("running", STARTING, 1e9)})
    assert [state.service for state in docker_engine.unwell("a")] == [service]
    assert clock.now - began == pytest.approx(seconds, abs=1)


def test_what_becomes_healthy_late_but_in_time_is_well(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    began = clock.now
    assert engine(monkeypatch, clock, {"grafana": ("running", STARTING, 100)}).unwell("a") == []
    assert clock.now - began == pytest.approx(100, abs=1)


def test_what_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    began = clock.now
    docker_engine = engine(monkeypatch, clock, {"backend": ("exited", "Exited (1) 2 seconds ago", 1e9)})
    assert [state.service for state in docker_engine.unwell("a")] == ["backend"]
    assert clock.now == began


def test_the_wait_ends_when_the_operator_gives_up(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    began = clock.now
    docker_engine = engine(monkeypatch, clock, {"grafana": ("running", STARTING, 1e9)})
    assert docker_engine.unwell("a", give_up=lambda: clock.now - began >= 5)
    assert clock.now - began == pytest.approx(5, abs=1)
