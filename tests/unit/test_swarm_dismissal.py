"""A worker that leaves its cluster: first what runs on it, then itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.swarm_client import WORKER, asked, docker
from tests.equipment.timers import Machine


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def dismissal(machine: Machine, state: str, left: str, places: str) -> None:
    """The client of a manager whose worker runs one service."""
    docker(
        machine,
        ("node inspect", state),
        ("node ps --filter", "echo preview-a-grafana.1"),
        ("node ps --format", left),
        ("service ps", places),
        ("node update", ":"),
        ("node rm", ":"),
    )


def changes(machine: Machine) -> list[str]:
    return [line for line in asked(machine) if line.startswith(("node rm", "node update"))]


def test_a_worker_goes_when_all_that_ran_on_it_has_a_place_elsewhere(machine: Machine) -> None:
    asked_twice = f"[ $(grep -c 'service ps' {machine.root}/docker.log) -gt 1 ]"
    places = f"{asked_twice} && echo 'a.1|w-2|' || echo 'a.1||'"
    dismissal(machine, "echo ready", "echo 'Shutdown 1 second ago'", places)
    done = machine.run("dismiss_worker.sh", **{**WORKER, "SECONDS_AT_MOST": "20"})
    assert (done.returncode, done.stderr) == (0, "")
    assert changes(machine) == ["node update --availability drain n1", "node rm --force n1"]
    assert "preview-a-grafana" in next(line for line in asked(machine) if line.startswith("service ps"))


def test_a_worker_whose_previews_have_no_room_elsewhere_stays_as_it_was(machine: Machine) -> None:
    places = "echo 'preview-a-grafana.1||no suitable node (insufficient resources on 2 nodes)'"
    dismissal(machine, "echo ready", ":", places)
    done = machine.run("dismiss_worker.sh", **WORKER)
    assert done.returncode == 1
    assert "The worker w-1 stays" in done.stderr
    assert "insufficient resources on 2 nodes" in done.stderr
    assert changes(machine) == ["node update --availability drain n1", "node update --availability active n1"]


def test_a_worker_that_is_dead_is_forgotten_at_once(machine: Machine) -> None:
    dismissal(machine, "echo down", "echo 'Running 1 hour ago'", "exit 9")
    assert machine.run("dismiss_worker.sh", **WORKER).returncode == 0
    assert changes(machine) == ["node rm --force n1"]


@pytest.mark.parametrize("said", ["Error response from daemon: node n1 not found", "This node is not a swarm manager."])
def test_a_worker_that_the_cluster_does_not_know_is_gone(machine: Machine, said: str) -> None:
    dismissal(machine, f"echo '{said}' >&2; exit 1", "exit 9", "exit 9")
    assert machine.run("dismiss_worker.sh", **WORKER).returncode == 0
    assert not changes(machine)


def test_an_engine_that_does_not_answer_is_no_reason_to_forget_a_worker(machine: Machine) -> None:
    dismissal(machine, "echo 'Cannot connect to the Docker daemon' >&2; exit 1", "exit 9", "exit 9")
    done = machine.run("dismiss_worker.sh", **WORKER)
    assert done.returncode == 1
    assert "does not say how its worker w-1 is: Cannot connect" in done.stderr


@pytest.mark.parametrize(
    ("at", "as_it_was"),
    [
        ("node ps --filter", []),
        ("node ps --format", ["node update --availability drain n1", "node update --availability active n1"]),
        ("service ps", ["node update --availability drain n1", "node update --availability active n1"]),
    ],
)
def test_a_worker_stays_where_the_cluster_does_not_say_what_runs_on_it(
    machine: Machine, at: str, as_it_was: list[str]
) -> None:
    said = {"node ps --filter": "echo preview-a-grafana.1", "node ps --format": ":", "service ps": "echo 'a.1|w-2|'"}
    said[at] = "echo 'Error response from daemon: rpc error: the leader is lost' >&2; exit 1"
    docker(machine, ("node inspect", "echo ready"), *said.items(), ("node update", ":"), ("node rm", ":"))
    done = machine.run("dismiss_worker.sh", **WORKER)
    assert done.returncode == 1
    assert "The worker w-1 stays, for the cluster does not say what runs on it: Error response from" in done.stderr
    assert changes(machine) == as_it_was


@pytest.mark.parametrize("others", ["", "echo 'b.1|w-2|'; "])
def test_a_preview_that_is_destroyed_meanwhile_keeps_no_worker(machine: Machine, others: str) -> None:
    dismissal(machine, "echo ready", ":", f"{others}echo 'no such service: preview-a-grafana' >&2; exit 1")
    done = machine.run("dismiss_worker.sh", **WORKER)
    assert (done.returncode, done.stderr) == (0, "")
    assert changes(machine)[-1] == "node rm --force n1"
