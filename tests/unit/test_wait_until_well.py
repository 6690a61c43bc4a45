"""A deploy waits on the machine, to the tenth of a second, for what is new and not for what is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.equipment.slots import Machine, container


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    made = Machine.make(tmp_path, shell)
    made.take("a")
    return made


def waits(machine: Machine, *, seconds: int = 9) -> str:
    """What the script says once it ends; empty where all is well."""
    done = machine.part("wait_until_well", "a", SECONDS_UNTIL_WELL=str(seconds))
    assert (done.returncode == 0) == (not done.stderr)
    return done.stderr


def looks(machine: Machine, first: str, then: str) -> int:
    """How often the script looks at a container that it sees in two states, with both of which it is content."""
    looks = machine.root / "looks"
    machine.program(
        "docker",
        f"[ $1 != inspect ] || echo >>{looks}\n"
        f"case $(cat {looks} 2>/dev/null | wc -l) in 0 | 1) {first} ;; *) {then} ;; esac",
    )
    assert waits(machine) == ""
    return looks.read_text(encoding="utf-8").count("\n")


HEALTHY = "echo preview-a-sink health_status: healthy; exec sleep 60"


def test_a_container_that_becomes_healthy_is_waited_for_and_asked_about_no_more_than_once(machine: Machine) -> None:
    happened = f"echo preview-a-grafana health_status: unhealthy; {HEALTHY}"
    starting = container("sink", "running", health="starting", events=happened)
    assert looks(machine, starting, "false") == 1


@pytest.mark.parametrize(
    ("status", "health", "restarts", "said"),
    [
        ("running", "unhealthy", 0, "preview-a-sink is not healthy."),
        ("running", "starting", 5, "preview-a-sink ends again and again."),
        ("exited", "unhealthy", 0, "preview-a-sink has ended."),
        ("exited", "unasked", 0, "preview-a-sink has ended."),
        ("restarting", "unhealthy", 5, "preview-a-sink ends again and again."),
        ("restarting", "unasked", 5, "preview-a-sink ends again and again."),
    ],
)
def test_one_that_is_not_well_is_named(machine: Machine, status: str, health: str, restarts: int, said: str) -> None:
    machine.program("docker", container("sink", status, health=health, restarts=restarts))
    assert waits(machine) == f"{said}\n"


@pytest.mark.parametrize("health", ["unhealthy", "unasked"])
def test_one_that_has_ended_once_may_come_up_when_it_is_started_again(machine: Machine, health: str) -> None:
    ended = container("sink", "restarting", health=health, events=f"echo preview-a-sink die; {HEALTHY}")
    well = container("sink", "running", health="healthy" if health == "unhealthy" else health)
    assert looks(machine, ended, well) == 2


def test_one_that_ends_while_another_is_waited_for_is_looked_at_again(machine: Machine) -> None:
    starting = container("sink", "running", health="starting", events=f"echo preview-a-target die; {HEALTHY}")
    assert looks(machine, starting, container("target", "running", health="healthy")) == 2


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (":", "preview-a-sink is not healthy."),
        ("echo preview-a-sink health_status: unhealthy; exec sleep 60", "preview-a-sink is not healthy."),
        ("echo preview-a-sink die; echo preview-a-sink destroy; exec sleep 60", "preview-a-sink has been removed."),
        ("yes preview-a-sink die | head -n 5; exec sleep 60", "preview-a-sink ends again and again."),
    ],
    ids=["too late", "unhealthy", "removed", "ends"],
)
@pytest.mark.parametrize("state", [("running", "starting"), ("restarting", "unhealthy")])
def test_one_that_does_not_become_healthy_is_named(
    machine: Machine, state: tuple[str, str], events: str, said: str
) -> None:
    status, health = state
    machine.program("docker", container("sink", status, health=health, events=events))
    assert waits(machine, seconds=1) == f"{said}\n"


@pytest.mark.parametrize(("restarts", "seconds"), [(0, 1), (1, 3)])
def test_one_without_a_check_has_some_time_to_end_and_more_where_it_has_ended_before(
    machine: Machine, restarts: int, seconds: int
) -> None:
    began = time.time()
    machine.program("docker", container("sink", "running", health="unasked", started=began, restarts=restarts))
    assert waits(machine) == ""
    assert time.time() - began >= seconds


def test_one_that_has_prepared_data_is_not_waited_for(machine: Machine) -> None:
    machine.program("docker", container("sink", "exited", health="unasked", restart="no"))
    assert waits(machine) == ""


def test_a_container_that_was_there_before_is_not_judged(machine: Machine) -> None:
    (machine.root / "previews/a/good").mkdir()
    machine.program("docker", container("sink", "running", health="unhealthy", created=time.time() - 60))
    assert waits(machine) == ""
    machine.program("docker", container("sink", "running", health="unhealthy", created=time.time() + 60))
    assert waits(machine) == "preview-a-sink is not healthy.\n"


@pytest.mark.parametrize("wait", ["wait_until_well", "wait_for_tasks"])
@pytest.mark.parametrize("answered", [0, 1])
def test_an_engine_that_does_not_answer_is_no_sign_of_health(machine: Machine, wait: str, answered: int) -> None:
    machine.program(
        "docker",
        f"echo >>{machine.root}/looks\n[ $(wc -l <{machine.root}/looks) -gt {answered} ] || {{ echo c1; exit; }}\n"
        "echo 'Cannot connect to the Docker daemon' >&2; exit 1",
    )
    done = machine.part(wait, "a")
    assert (done.returncode, done.stderr) == (1, "Cannot connect to the Docker daemon\n")


def test_a_container_that_goes_while_docker_is_asked_is_not_waited_for(machine: Machine) -> None:
    well = container("sink", "running", health="healthy")
    gone = "echo 'Error: No such object: c2' >&2; exit 1"
    machine.program("docker", f"{well}\n[ $1 != inspect ] || {{ {gone}; }}")
    assert waits(machine) == ""
    machine.program("docker", f"{container('sink', 'running', health='unhealthy')}\n[ $1 != inspect ] || {{ {gone}; }}")
    assert waits(machine) == "preview-a-sink is not healthy.\n"


def test_networks_are_awaited_and_named_as_they_are(machine: Machine) -> None:
    looks = machine.root / "looks"
    machine.program(
        "docker",
        f"echo >>{looks}\n"
        f"case $(wc -l <{looks}) in 1) ;; 2) echo edge:of-before ;; *) echo edge:of-before; echo :preview-a ;; esac",
    )
    done = machine.script("await_networks", "a")
    assert (done.returncode, done.stdout) == (0, "preview-a of-before\n")
    assert looks.read_text(encoding="utf-8") == "\n" * 3


def test_networks_that_nobody_makes_are_not_awaited_for_ever(machine: Machine) -> None:
    machine.program("sleep", ":")
    done = machine.script("await_networks", "a")
    assert (done.returncode, done.stderr) == (1, "Docker has not made the preview's networks within ten seconds.\n")
