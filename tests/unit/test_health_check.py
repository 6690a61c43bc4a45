"""A container that starts is asked often, and one that is well seldom; the engine does both."""

from __future__ import annotations

import pytest

from components.hardening import hardened
from components.service_spec import HealthCheck, ServiceSpec
from components.services import SERVICES

CHECKED = [service for service in SERVICES if service.health]


def test_the_engine_is_told_both_pauses_in_its_own_words() -> None:
    check = HealthCheck(
        test=("a", "b c"), interval_seconds=0.75, rest_seconds=10, timeout_seconds=5, healthy_within_seconds=90
    )
    told = hardened(labels={}, memory_mib=1, cpus="1", health=check)["healthcheck"]
    assert told is not None
    assert (told.start_interval, told.interval, told.timeout, told.start_period) == ("750ms", "10s", "5s", "1m30s")
    assert told.tests == ["CMD", "a", "b c"]


@pytest.mark.parametrize("service", CHECKED, ids=lambda service: service.key)
def test_a_service_is_asked_often_for_as_long_as_a_deploy_waits_for_it(service: ServiceSpec) -> None:
    shared = hardened(labels={}, memory_mib=1, cpus="1", health=service.health)
    assert service.health is not None
    assert service.health.healthy_within_seconds >= shared["wait_timeout"]
    assert service.health.interval_seconds <= 2
    assert service.health.rest_seconds >= 10


@pytest.mark.parametrize("service", CHECKED, ids=lambda service: service.key)
def test_a_service_that_breaks_is_unhealthy_within_a_minute(service: ServiceSpec) -> None:
    check = service.health
    assert check is not None
    assert check.retries * (check.rest_seconds + check.timeout_seconds) <= 60
