"""A worker that has joined its cluster: ready, marked, and the only one of its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.swarm_client import WORKER, asked, docker
from tests.equipment.timers import Machine


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def test_a_worker_that_is_ready_is_marked_and_takes_the_place_of_one_of_its_name(machine: Machine) -> None:
    docker(
        machine,
        ("node inspect", "echo ready"),
        ("node ls", "printf '%s\\n' 'n0 manager' 'old w-1' 'n1 w-1' 'n9 w-10'"),
        ("node rm", ":"),
        ("node update", ":"),
    )
    assert machine.run("enrol_worker.sh", **WORKER).returncode == 0
    changes = [line for line in asked(machine) if line.startswith(("node rm", "node update"))]
    assert changes == [
        "node rm --force old",
        "node update --availability active --label-add pgai.preview.role=worker n1",
    ]


def test_a_worker_that_is_never_ready_is_named(machine: Machine) -> None:
    docker(machine, ("node inspect", "echo unknown"))
    done = machine.run("enrol_worker.sh", **WORKER)
    assert done.returncode == 1
    assert "The worker w-1 has joined, but was not ready after 2 s" in done.stderr
