"""A deploy waits on the manager until the Swarm runs what was asked for last, and says what keeps it from that."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.equipment.slots import Machine

NOW, BEFORE = "as it is now", "as it was before"


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    made = Machine.make(tmp_path, shell)
    made.take("a")
    return made


def task(
    state: str, *, of: str = NOW, wanted: str = "running", age: float = 0, since: float = 60, error: str = ""
) -> str:
    """A row of a task of the sink.

    Args:
        state: Swarm's word.
        of: What the service was when it was made.
        wanted: What the Swarm wants of it.
        age: Seconds since it was made.
        since: Seconds since it has been in that state.
        error: What the Swarm says is wrong.
    """
    made, changed = (f'"{dt.datetime.fromtimestamp(time.time() - past, dt.UTC):%FT%T.%fZ}"' for past in (age, since))
    return "\t".join(["task", "s1", of, made, wanted, state, changed, error])


def ended(state: str = "failed", *, age: float = 1, of: str = NOW, error: str = "task: non-zero exit (1)") -> str:
    return task(state, of=of, wanted="shutdown", age=age, error=error)


def swarm(machine: Machine, *looks: Sequence[str], key: str = "sink", replicas: int = 1, check: str = "asked") -> None:
    """A Docker client that knows one service, and what the tasks of it are at each look; the last stays."""
    service = "\t".join(["service", "s1", NOW, f"preview-a-{key}", str(replicas), check])
    for number, rows in enumerate(looks, 1):
        (machine.root / f"look-{number}").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    machine.program(
        "docker",
        f"cd {machine.root}\n"
        'case "$1 $2" in "service ls") echo s1 ;; "service ps") echo t1 ;;\n'
        f'"service inspect") echo >>looked; printf "%s\\n" {shlex.quote(service)} ;;\n'
        f'"inspect --type") number=$(wc -l <looked); [ "$number" -lt {len(looks)} ] || number={len(looks)}\n'
        'cat "look-$number" ;; esac',
    )


def waits(machine: Machine, *, seconds: int = 9, placed_within: int = 0) -> str:
    """What the script says once it ends; empty where all is well."""
    done = machine.part(
        "wait_for_tasks",
        "a",
        LOOK_SECONDS="0.05",
        SECONDS_UNTIL_WELL=str(seconds),
        PLACED_WITHIN_SECONDS=str(placed_within),
    )
    assert (done.returncode == 0) == (not done.stderr)
    return done.stderr


def looks(machine: Machine) -> int:
    return (machine.root / "looked").read_text(encoding="utf-8").count("\n")


@pytest.mark.parametrize("state", ["new", "pending", "assigned", "preparing", "ready", "starting"])
def test_a_task_is_waited_for_until_it_runs(machine: Machine, state: str) -> None:
    swarm(machine, [task(state)], [task(state)], [task("running")])
    assert waits(machine) == ""
    assert looks(machine) == 3


def test_one_that_the_swarm_starts_again_is_waited_for(machine: Machine) -> None:
    swarm(machine, [ended(), task("ready", wanted="ready")], [ended(), task("running")])
    assert waits(machine) == ""
    assert looks(machine) == 2


def test_what_still_runs_of_before_the_update_does_not_pass_for_what_was_asked_for(machine: Machine) -> None:
    old = task("running", of=BEFORE, age=3600)
    swarm(machine, [old], [old, task("preparing")], [task("running")])
    assert waits(machine) == ""
    assert looks(machine) == 3
    swarm(machine, [old])
    assert waits(machine, seconds=1) == "preview-a-sink is not well.\n"


@pytest.mark.parametrize("state", ["failed", "rejected", "complete"])
def test_one_that_ends_again_and_again_is_named_with_what_the_swarm_says_of_it(machine: Machine, state: str) -> None:
    swarm(machine, [*[ended(state)] * 4, task("ready", wanted="ready")])
    assert waits(machine) == "preview-a-sink ends again and again (task: non-zero exit (1)).\n"
    swarm(machine, [*[ended(state)] * 3, task("running")])
    assert waits(machine) == "", "once or twice may be chance, and whoever watches the deploy says more"


def test_what_ended_before_the_update_or_before_the_good_copy_is_not_held_against_it(machine: Machine) -> None:
    swarm(machine, [*[ended(of=BEFORE)] * 4, task("running")])
    assert waits(machine) == ""
    (machine.root / "previews/a/good").mkdir()
    swarm(machine, [*[ended(age=3600)] * 4, task("running")])
    assert waits(machine) == ""


def test_a_task_that_was_there_before_is_not_judged(machine: Machine) -> None:
    (machine.root / "previews/a/good").mkdir()
    swarm(machine, [task("starting", age=3600)])
    assert waits(machine) == ""
    swarm(machine, [task("starting", age=-60)])
    assert waits(machine, seconds=1) == "preview-a-sink is not well.\n"


def test_one_that_no_node_has_room_for_is_named_with_the_reason(machine: Machine) -> None:
    swarm(machine, [task("pending", error="no suitable node (insufficient resources on 3 nodes)")])
    assert (
        waits(machine, seconds=1)
        == "preview-a-sink is not well: no suitable node (insufficient resources on 3 nodes).\n"
    )


def test_a_node_has_some_time_more_to_be_found(machine: Machine) -> None:
    began = time.time()
    swarm(machine, [task("pending")])
    assert waits(machine, seconds=1, placed_within=2)
    assert time.time() - began >= 2


@pytest.mark.parametrize(("before", "seconds"), [([], 1), ([ended()], 3)])
def test_one_without_a_check_has_some_time_to_end_and_more_where_it_has_ended_before(
    machine: Machine, before: list[str], seconds: int
) -> None:
    began = time.time()
    swarm(machine, [*before, task("running", since=0)], check="unasked")
    assert waits(machine) == ""
    assert time.time() - began >= seconds


def test_a_service_that_is_removed_meanwhile_is_not_waited_for(machine: Machine) -> None:
    machine.program(
        "docker",
        'case "$1 $2" in "service ls") echo s1 ;; *) echo "Error: no such service: s1" >&2; exit 1 ;; esac',
    )
    assert waits(machine) == "A service has been removed.\n"


def test_a_task_that_is_forgotten_while_docker_is_asked_is_no_trouble(machine: Machine) -> None:
    swarm(machine, [task("running")])
    path = machine.root / "bin/docker"
    gone = 'echo "Error response from daemon: task t0 not found" >&2; exit 1'
    path.write_text(path.read_text(encoding="utf-8").replace("esac", f'esac; case "$*" in *type*) {gone} ;; esac'))
    assert waits(machine) == ""


def test_a_service_that_sleeps_is_not_waited_for(machine: Machine) -> None:
    swarm(machine, [], replicas=0)
    assert waits(machine) == ""


def test_files_are_not_good_with_which_any_service_ends_again_and_again(machine: Machine) -> None:
    for folder in ("config", "workload"):
        (machine.root / "previews/a" / folder).mkdir()
    swarm(machine, [*[ended()] * 4, task("running", since=0)], key="workload", check="unasked")
    done = machine.script("keep_good", "a", RUNTIME="services")
    assert (done.returncode, done.stderr) == (
        1,
        "preview-a-workload ends again and again (task: non-zero exit (1)).\n",
    )
    assert not (machine.root / "previews/a/good").exists()
    swarm(machine, [task("running")], key="workload", check="unasked")
    assert machine.script("keep_good", "a", RUNTIME="services").returncode == 0
    assert (machine.root / "previews/a/good").exists()
