"""What a Swarm's manager answers, over a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from components.labels import SERVICE, preview_labels
from components.services import SERVICES
from operations.errors import OperationError
from operations.machine.connection import Way
from operations.machine.docker import Docker
from operations.machine.docker_state import ContainerState
from operations.machine.swarm import Swarm
from tests.equipment.fakes.docker_api import FakeDocker, answer
from tests.unit.operations.test_swarm import node_row, service_row, task_row

UPDATE = "POST /services/s-grafana/update"
CHANGED = {"message": "rpc error: code = Unknown desc = update out of sequence"}
JOINING = {
    "ID": "n2",
    "Spec": {"Availability": "active"},
    "Status": {"State": "unknown"},
    "Description": {"Platform": {}, "Resources": {}, "Engine": {}},
}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[FakeDocker]:
    row = {**service_row(), "Version": {"Index": 7}}
    replies = {
        "GET /services": (200, [row]),
        "GET /services/s-grafana": (200, row),
        "GET /tasks": (200, [task_row(1, "running"), task_row(2, "running", node="n2")]),
        "GET /nodes": (200, [node_row("n1", 1, 1024), node_row("n2", 1, 1024)]),
    }
    with FakeDocker(tmp_path / "docker.sock", replies) as running:
        yield running


@pytest.fixture
def swarm(manager: FakeDocker) -> Swarm:
    return Swarm(Way(lambda: manager.address, "there", "try again"), "edge", {})


def refused_at_first(times: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """Refuses a few times, as where somebody else was quicker."""
    left = iter(range(times))
    return lambda asking: answer(asking, *((500, CHANGED) if next(left, None) is not None else (200, {})))


def test_a_service_that_somebody_else_changes_meanwhile_is_read_again_and_scaled(
    manager: FakeDocker, swarm: Swarm
) -> None:
    manager.replies[UPDATE] = refused_at_first(3)
    swarm._set_replicas(swarm._services()[0], 0)
    assert manager.asked.count(UPDATE) == 4
    assert manager.asked.count("GET /services/s-grafana") == 4


def test_what_else_a_manager_refuses_is_told_at_once_in_its_own_words(manager: FakeDocker, swarm: Swarm) -> None:
    manager.replies[UPDATE] = (500, {"message": "The swarm does not have a leader."})
    with pytest.raises(OperationError, match=r"does not scale the service preview-a-grafana \(The swarm does not have"):
        swarm._set_replicas(swarm._services()[0], 0)
    assert manager.asked.count(UPDATE) == 1


def test_a_container_that_cannot_be_limited_is_told_in_the_engine_s_own_words(manager: FakeDocker) -> None:
    docker = Docker(Way(lambda: manager.address, "there", "try again"))
    state = ContainerState(name="preview-a-grafana", slug="a", service="grafana", status="running", health="", id="c")
    described: dict[str, Any] = {"HostConfig": {"NanoCpus": 1}}
    manager.replies |= {
        "GET /containers/c/json": (200, described),
        "POST /containers/c/update": (409, {"message": "Range of CPUs is from 0.01 to 2.00."}),
    }
    with pytest.raises(OperationError, match=r"does not limit the container preview-a-grafana \(Range of CPUs is from"):
        docker.limit_cpus(state, 8)
    manager.replies["POST /containers/c/update"] = (404, {"message": "No such container: c"})
    docker.limit_cpus(state, 8)


def test_a_worker_that_has_joined_and_not_yet_described_itself_goes_by_its_id(
    manager: FakeDocker, swarm: Swarm
) -> None:
    manager.replies["GET /nodes"] = (200, [node_row("node-1", 1, 1024), JOINING])
    assert [state.node for state in swarm.previews()] == ["n2"]
    assert "and beside the others n2 is unknown, node-1 has " in swarm.shortage("b", list)


@pytest.mark.parametrize(("state", "cpus"), [("running", 3.8), ("shutdown", 3.8), ("running", 3.0)])
def test_a_preview_that_is_being_destroyed_takes_its_room_once_and_no_more(
    manager: FakeDocker, swarm: Swarm, state: str, cpus: float
) -> None:
    """Its services go first, its tasks when they have ended, and its slot last."""
    manager.replies["GET /services"] = (200, [])
    manager.replies["GET /nodes"] = (200, [node_row("n1", cpus, 8192)])
    manager.replies["GET /tasks"] = (
        200,
        [
            task_row(
                number,
                state,
                service.key,
                wanted="remove",
                labels={**preview_labels("a", "edge"), SERVICE: service.key},
                resources={"Reservations": {"NanoCPUs": round(float(service.cpus) * 1e9)}},
            )
            for number, service in enumerate(SERVICES)
        ],
    )
    assert bool(swarm.shortage("b", lambda: ["a"])) == (cpus < 3.8)
