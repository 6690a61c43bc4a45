"""A health check asks often until all is well, then rests; the shell that runs these checks is real."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from components.service_spec import HealthCheck, ServiceSpec
from components.services import SERVICES

MARK = "/tmp/healthy"


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """What a container has in memory."""
    return tmp_path


def seconds(check: HealthCheck, container: Path) -> tuple[bool, float]:
    """Whether the check succeeds, and how long it takes."""
    kind, *command = check.command
    assert kind == "CMD"
    started = time.monotonic()
    done = subprocess.run([part.replace(MARK, str(container / "healthy")) for part in command], check=False, timeout=10)
    return done.returncode == 0, time.monotonic() - started


def test_a_first_success_is_told_at_once_and_later_ones_after_a_rest(container: Path) -> None:
    check = HealthCheck(test=("true",), rest_seconds=1)
    first, second, third = (seconds(check, container) for _ in range(3))
    assert first[0]
    assert first[1] < 1
    assert second[0]
    assert third[0]
    assert min(second[1], third[1]) >= 1


def test_a_failure_is_told_at_once_at_any_time(container: Path) -> None:
    failing = HealthCheck(test=("false",), rest_seconds=5)
    well, took = seconds(failing, container)
    assert not well
    assert took < 5
    assert seconds(HealthCheck(test=("true",)), container)[0]
    well, took = seconds(failing, container)
    assert not well
    assert took < 5


def test_a_container_that_starts_again_is_asked_often_again(container: Path) -> None:
    check = HealthCheck(test=("true",), rest_seconds=5)
    seconds(check, container)
    (container / "healthy").unlink()
    assert seconds(check, container)[1] < 5


def test_a_check_that_hangs_has_failed_when_its_time_is_over(container: Path) -> None:
    check = HealthCheck(test=("sleep", "60"), timeout_seconds=1)
    well, took = seconds(check, container)
    assert not well
    assert 1 <= took < 5


def test_arguments_reach_the_program_as_they_are(container: Path) -> None:
    assert seconds(HealthCheck(test=("test", "a 'b' $HOME", "=", "a 'b' $HOME")), container)[0]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_the_engine_waits_for_the_rest_and_every_container_can_keep_the_mark(service: ServiceSpec) -> None:
    if service.health:
        assert service.health.command_timeout_seconds > service.health.timeout_seconds + service.health.rest_seconds
        assert str(Path(MARK).parent) in service.tmpfs
