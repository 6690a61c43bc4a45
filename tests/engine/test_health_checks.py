"""What a standing preview costs its machine: a container that is well is asked seldom."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from components.service_spec import HealthCheck
from components.services import SERVICES, by_key
from stacks.names import slug_of
from tests.engine.world import World

pytestmark = pytest.mark.engine

CHECKED = [service.key for service in SERVICES if service.health]


@pytest.mark.parametrize("key", CHECKED)
def test_a_container_that_is_well_is_asked_seldom(world: World, engine: Any, key: str) -> None:
    container = engine.containers.get(f"preview-{slug_of(world.first)}-{key}")

    def checks() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = engine.api.inspect_container(container.id)["State"]["Health"]["Log"]
        return found

    def starts(log: list[dict[str, Any]]) -> bool:
        return [entry["ExitCode"] for entry in log[-2:]] != [0, 0]

    # From the first success on the engine pauses for as long as it does for good.
    log = Retrying(stop=stop_after_delay(60), wait=wait_fixed(1), retry=retry_if_result(starts))(checks)
    check = by_key()[key].health
    assert check is not None
    pause = dt.datetime.fromisoformat(log[-1]["Start"]) - dt.datetime.fromisoformat(log[-2]["End"])
    assert pause.total_seconds() >= check.rest_seconds - 0.1


def test_another_health_check_replaces_the_container_as_the_engine_cannot_change_it(world: World) -> None:
    declared = world.clone.path / "components/service_spec.py"
    before = declared.read_text(encoding="utf-8")
    named = f"rest_seconds: int = {HealthCheck(test=()).rest_seconds}"
    assert named in before
    try:
        declared.write_text(before.replace(named, "rest_seconds: int = 7"), encoding="utf-8")
        done = world.clone.pulumi("preview", "--json", "--stack", f"preview-{slug_of(world.first)}")
    finally:
        declared.write_text(before, encoding="utf-8")
    assert done.code == 0, done.text
    replaced = {step["urn"].rpartition("::")[2] for step in json.loads(done.stdout)["steps"] if step["op"] == "replace"}
    assert {f"{slug_of(world.first)}-{key}" for key in CHECKED} <= replaced
