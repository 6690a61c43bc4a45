"""What is made of a Swarm's lists: states of services, what happens to their tasks, and what nodes have room for."""

from __future__ import annotations

from typing import Any

import pytest

from components.services import SERVICES, by_key
from operations.life.watch import Judge
from operations.machine.swarm_room import nodes_of, shortage_of
from operations.machine.swarm_tasks import Service, event_of_task, service_id, services_of, task_of

MIB = 1 << 20


def service_row(key: str = "grafana", replicas: int = 1, *, checked: bool = True) -> dict[str, Any]:
    check = {"Healthcheck": {"Test": ["CMD", "true"]}} if checked else {}
    return {
        "ID": f"s-{key}",
        "Spec": {
            "Name": f"preview-a-{key}",
            "Labels": {"pgai.preview.slug": "a", "pgai.preview.service": key},
            "Mode": {"Replicated": {"Replicas": replicas}},
            "TaskTemplate": {"ContainerSpec": {"Image": "i", **check}},
        },
    }


def task_row(number: int, state: str, key: str = "grafana", **more: Any) -> dict[str, Any]:
    """The n-th task of a service; later ones were made later."""
    status = {"State": state, **({"Err": more["error"]} if "error" in more else {})}
    if "code" in more:
        status["ContainerStatus"] = {"ExitCode": more["code"]}
    return {
        "ID": f"t{number}",
        "ServiceID": f"s-{key}",
        "NodeID": more.get("node", "n1"),
        "Slot": 1,
        "DesiredState": more.get("wanted", "running"),
        "CreatedAt": f"2026-01-01T00:00:00.{number:03d}Z",
        "Status": status,
        "Spec": {
            "ContainerSpec": {"Image": more.get("image", "i"), "Labels": more.get("labels", {})},
            "Resources": more.get("resources", {}),
        },
    }


def service_with(*tasks: dict[str, Any], **row: Any) -> Service:
    (found,) = services_of([service_row(**row)], tasks, {"n1": "node-1", "n2": "node-2"})
    return found


@pytest.mark.parametrize(
    ("tasks", "status", "health", "well"),
    [
        ([task_row(1, "running")], "running", "healthy", True),
        ([task_row(1, "starting")], "running", "starting", False),
        ([task_row(1, "preparing")], "preparing", "", False),
        ([task_row(1, "pending", node="", error="no suitable node")], "pending", "", False),
        ([task_row(1, "rejected", error="No such image")], "rejected", "", False),
        ([task_row(1, "failed", wanted="shutdown"), task_row(2, "ready", wanted="ready")], "restarting", "", False),
        # Another description of the service is no restart of what has failed.
        ([task_row(1, "failed", image="bad"), task_row(2, "preparing")], "preparing", "", False),
        # Moved away from a node that is lost, where the task seems to run for ever.
        ([task_row(1, "running", wanted="shutdown"), task_row(2, "running", node="n2")], "running", "healthy", True),
        ([], "new", "", False),
    ],
)
def test_the_newest_task_says_how_a_service_is(
    tasks: list[dict[str, Any]], status: str, health: str, well: bool
) -> None:
    state = service_with(*tasks).state
    assert (state.status, state.health, state.well) == (status, health, well)


def test_a_service_is_where_its_newest_task_is() -> None:
    state = service_with(task_row(1, "shutdown", node="n1"), task_row(2, "running", node="n2")).state
    assert (state.node, state.as_dict()["node"]) == ("node-2", "node-2")


def test_a_service_without_a_health_check_is_well_when_it_runs() -> None:
    assert service_with(task_row(1, "running"), checked=False).state.well


def test_a_service_that_sleeps_is_stopped_once_its_task_has_ended() -> None:
    assert service_with(task_row(1, "running", wanted="remove"), replicas=0).state.status == "removing"
    assert service_with(replicas=0).state.status == "exited"


def test_tasks_of_one_description_of_a_service_are_told_from_those_of_another() -> None:
    before, again = service_with(task_row(1, "failed")).state, service_with(task_row(2, "running")).state
    after = service_with(task_row(3, "running", image="new")).state
    assert before.id == again.id != after.id
    assert service_id(before) == service_id(after) == "s-grafana"


def told(*tasks: dict[str, Any]) -> list[str]:
    """Why an update is ended, event by event."""
    service = service_with(*tasks)
    judge = Judge(known=())
    events = [event_of_task(service, one) for one in service.tasks]
    return [judge.reason(event) for event in events if event]


def test_a_service_that_no_node_has_room_for_ends_an_update() -> None:
    assert told(task_row(1, "pending", node="", error="no suitable node (insufficient resources on 3 nodes)")) == [
        "no suitable node (insufficient resources on 3 nodes)"
    ]


def test_an_image_that_a_node_cannot_get_ends_an_update_and_names_the_node() -> None:
    rejected = task_row(1, "rejected", node="n2", error="No such image: grafana/grafana:gone")
    said = "node-2 cannot run it: No such image: grafana/grafana:gone"
    assert told(rejected) == [said]
    # The Swarm tries again at once, and has not yet said where.
    assert told(rejected, task_row(2, "pending", node="")) == [said]


def test_a_service_may_end_twice_but_not_three_times() -> None:
    ends = told(*[task_row(number, "failed", code=3) for number in (1, 2, 3)])
    assert ends == ["", "", "ended with exit code 3, 3 times"]


def test_a_task_that_starts_runs_or_was_asked_to_stop_ends_nothing() -> None:
    states = ("pending", "preparing", "starting", "running", "shutdown")
    assert set(told(*[task_row(1, state) for state in states])) == {""}


def node_row(name: str, cpus: float, mib: int, state: str = "ready", availability: str = "active") -> dict[str, Any]:
    return {
        "ID": name,
        "Spec": {"Availability": availability},
        "Status": {"State": state},
        "Description": {
            "Hostname": name,
            "Resources": {"NanoCPUs": round(cpus * 1e9), "MemoryBytes": mib * MIB},
        },
    }


def reserved(node: str, cpus: float, mib: int, state: str = "running") -> Any:
    resources = {"Reservations": {"NanoCPUs": round(cpus * 1e9), "MemoryBytes": mib * MIB}}
    return task_of(task_row(1, state, node=node, resources=resources), "other", {})


def test_a_cluster_has_room_for_a_preview_where_each_service_finds_a_node() -> None:
    cpus = sum(float(service.cpus) for service in SERVICES)
    assert not shortage_of(nodes_of([node_row("a", cpus, 4096)], []), [], SERVICES)
    assert not shortage_of(nodes_of([node_row("a", 1, 2048), node_row("b", 1, 2048)], []), [], SERVICES)


def test_a_refusal_says_what_each_node_has_of_what_the_service_needs() -> None:
    rows = [
        node_row("node-1", 2, 4096),
        node_row("node-2", 2, 4096),
        node_row("node-3", 2, 4096, availability="drain"),
        node_row("node-4", 2, 4096, state="down"),
    ]
    nodes = nodes_of(rows, [reserved("node-1", 1.75, 100), reserved("node-2", 0.1, 4000)])
    assert shortage_of(nodes, [], [by_key()["target"]]) == (
        "target needs 0.30 CPU and 512 MiB, and beside the others node-1 has 0.25 CPU and 3996 MiB free, "
        "node-2 has 1.90 CPU and 96 MiB free, node-3 is drained, node-4 is down"
    )


def test_what_has_ended_takes_no_room_and_what_comes_first_does() -> None:
    target = by_key()["target"]
    nodes = nodes_of([node_row("a", 0.5, 1024)], [reserved("a", 0.5, 1024, state="failed")])
    assert not shortage_of(nodes, [], [target])
    assert "has 0.20 CPU" in shortage_of(nodes, [target], [target])


def test_services_are_spread_as_the_scheduler_does_it() -> None:
    """Packed, the small ones would leave a node for the large one."""
    rows, small, large = [node_row(name, 0.5, 1024) for name in "ab"], by_key()["workload"], by_key()["pgwatch"]
    assert "pgwatch needs" in shortage_of(nodes_of(rows, []), [], [small, small, large])
    assert not shortage_of(nodes_of(rows, []), [], [large, small, small])
