"""Which images go when the disk of a machine fills up, with an engine that says what a test wants."""

from __future__ import annotations

import datetime as dt
import fcntl
from pathlib import Path

import pytest

from tests.equipment.timers import Machine


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def docker_calls(machine: Machine) -> list[str]:
    log = machine.root / "docker.log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_a_disk_at_80_percent_loses_no_image(machine: Machine) -> None:
    assert (
        machine.run("prune_images.sh").stdout
        == "80 % of the disk are in use, no more than 80 %: no image is removed.\n"
    )
    assert docker_calls(machine) == []


def hours_ago(hours: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)).isoformat(timespec="microseconds")


def images(machine: Machine, **kept: tuple[float, float, str]) -> None:
    """What the engine has: id → hours since it was tagged and since it was made, and its names. ``used`` is in use."""
    times = "\n".join(
        f"""*Created*' {name}'|*Created*" {name}") echo '{{"LastTagTime":"{hours_ago(tagged)}"}}, """
        f""""Created":"{hours_ago(made)}"' ;;"""
        for name, (tagged, made, _) in kept.items()
    )
    names = "\n".join(
        f"*RepoTags*' {name}'|*RepoTags*\" {name}\") echo '{tags}' ;;" for name, (_, _, tags) in kept.items()
    )
    machine.program(
        "docker",
        f'case "$*" in\n"ps --all"*) echo c1 ;;\n"inspect --type container"*) echo used ;;\n'
        f'"images --quiet"*) printf "%s\\n" {" ".join(kept)} ;;\n{times}\n{names}\n'
        f'rmi*) echo "$*" >>{machine.root}/docker.log ;;\nesac',
    )


def test_beyond_80_percent_images_that_nobody_used_for_days_go_and_nothing_else(machine: Machine) -> None:
    machine.disk(81, 60)
    images(
        machine,
        used=(999, 999, "used:1"),
        pulled=(1, 9999, "just/pulled:1"),
        wanted=(71, 9999, "wanted:1"),
        old=(73, 999, "old:1 old:2"),
        nameless=(9999, 73, ""),
        moved=(9999, 1, ""),
    )
    finished = machine.run("prune_images.sh")
    assert finished.returncode == 0, finished.stderr
    assert docker_calls(machine) == ["rmi nameless", "rmi old:1 old:2"]
    assert "81 % of the disk were in use, now 60 %." in finished.stdout


def test_an_image_that_a_deploy_has_just_begun_to_use_is_no_failure(machine: Machine) -> None:
    machine.disk(81)
    images(machine, old=(73, 999, "old:1"), older=(74, 999, "older:1"))
    program = machine.root / "bin/docker"
    program.write_text(program.read_text().replace("rmi*)", "'rmi old:1') echo in use >&2; exit 1 ;;\nrmi*)"))
    finished = machine.run("prune_images.sh")
    assert finished.returncode == 0, finished.stderr
    assert docker_calls(machine) == ["rmi older:1"]


def test_images_stay_while_another_operation_holds_the_lock(machine: Machine) -> None:
    machine.disk(95)
    with (machine.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished = machine.run("prune_images.sh", LOCK_SECONDS="1")
    assert (finished.returncode, docker_calls(machine)) == (0, [])
    assert "another operation holds" in finished.stdout


def test_the_lock_is_held_while_images_are_removed_and_free_afterwards(machine: Machine) -> None:
    machine.disk(95)
    machine.program(
        "docker", f"flock -n {machine.root}/.lock true && word=free || word=held; echo $word >>{machine.root}/lock.log"
    )
    finished = machine.run("prune_images.sh")
    assert (machine.root / "lock.log").read_text().splitlines()[0] == "held", finished.stderr
    with (machine.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_engine_that_refuses_is_a_failure(machine: Machine) -> None:
    machine.disk(95)
    machine.program("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    finished = machine.run("prune_images.sh")
    assert finished.returncode != 0
    assert "Cannot connect" in finished.stderr
    assert "were removed" not in finished.stdout


def test_a_disk_that_cannot_be_measured_loses_no_image(machine: Machine) -> None:
    machine.program("df", "exit 1")
    assert machine.run("prune_images.sh").returncode == 1
    assert docker_calls(machine) == []
