"""What an update that fails goes back to: the files that were live when all was well."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.equipment.slots import Machine, container, full_disk


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


@pytest.fixture
def preview(machine: Machine) -> Path:
    machine.take("a")
    preview = machine.root / "previews/a"
    for folder in ("config", "workload"):
        (preview / folder).mkdir()
        (preview / folder / "file").write_text("good", encoding="utf-8")
    return preview


def test_it_is_what_was_live_when_all_was_well(machine: Machine, preview: Path) -> None:
    assert machine.script("keep_good", "a").returncode == 0
    (preview / "config/file").write_text("bad", encoding="utf-8")
    assert (preview / "good/config/file").read_text(encoding="utf-8") == "good"
    assert (preview / "good/workload/file").read_text(encoding="utf-8") == "good"


def test_a_newer_one_takes_its_place_whole(machine: Machine, preview: Path) -> None:
    machine.script("keep_good", "a")
    (preview / "config/file").unlink()
    (preview / "config/other").write_text("better", encoding="utf-8")
    assert machine.script("keep_good", "a").returncode == 0
    assert sorted(path.name for path in (preview / "good/config").iterdir()) == ["other"]
    assert sorted(path.name for path in preview.iterdir()) == ["branch", "config", "good", "slot", "workload"]


def test_one_that_died_between_two_renames_is_mended(machine: Machine, preview: Path) -> None:
    machine.script("keep_good", "a")
    (preview / "good").rename(preview / "good.old")
    (preview / "good.next").mkdir()
    (preview / "workload/file").unlink()
    (preview / "workload").rmdir()
    assert machine.script("keep_good", "a").returncode != 0, "a copy that is not complete is no good one"
    assert (preview / "good/config/file").read_text(encoding="utf-8") == "good"


def test_on_a_full_disk_the_one_before_stays_and_what_is_good_already_needs_no_room(
    machine: Machine, preview: Path
) -> None:
    machine.script("keep_good", "a")
    path = full_disk(machine.root)
    again = machine.script("keep_good", "a", PATH=f"{machine.root}/bin:{path}")
    assert again.returncode == 0, again.stderr
    (preview / "config/file").write_text("bad", encoding="utf-8")
    assert machine.script("keep_good", "a", PATH=f"{machine.root}/bin:{path}").returncode != 0
    assert (preview / "good/config/file").read_text(encoding="utf-8") == "good"
    assert not (preview / "good.next").exists(), "what a failed copy took is back"


def test_files_with_which_a_container_is_not_well_are_not_good(machine: Machine, preview: Path) -> None:
    machine.script("keep_good", "a")
    (preview / "workload/file").write_text("bad", encoding="utf-8")
    machine.program("docker", container("workload", "restarting", health="unasked", restarts=5))
    done = machine.script("keep_good", "a")
    assert done.returncode == 1
    assert done.stderr == "preview-a-workload ends again and again.\n"
    assert (preview / "good/workload/file").read_text(encoding="utf-8") == "good"


@pytest.mark.parametrize("services", ["", "services"])
def test_files_are_not_good_where_docker_does_not_say_how_the_containers_are(
    machine: Machine, preview: Path, services: str
) -> None:
    machine.program("docker", "exit 1")
    assert machine.script("keep_good", "a", RUNTIME=services).returncode == 1
    assert not (preview / "good").exists()


@pytest.mark.usefixtures("preview")
def test_each_container_may_have_so_many_processes_and_those_that_may_are_left_alone(machine: Machine) -> None:
    machine.program(
        "docker",
        f'case "$1 $2" in "ps --quiet") printf "%s\\n" c1 c2 c3 c4 ;;\n'
        '"inspect --format") printf "%s\\n" "c1 <nil>" "c2 512" "c3 0"\n'
        'echo "Error: No such object: c4" >&2; exit 1 ;;\n'
        f'update*) echo "$*" >>{machine.root}/updated ;; esac',
    )
    assert machine.script("keep_good", "a").returncode == 0
    assert (machine.root / "updated").read_text(encoding="utf-8") == "update --pids-limit 512 c1 c3\n"
    assert machine.script("keep_good", "a", RUNTIME="services").returncode == 0
    assert (machine.root / "updated").read_text(encoding="utf-8").count("\n") == 1


def test_what_was_well_with_the_same_files_is_not_asked_about_again(machine: Machine, preview: Path) -> None:
    machine.script("keep_good", "a")
    long_ago = time.time() - 3600
    os.utime(preview / "good", (long_ago, long_ago))
    assert machine.script("keep_good", "a").returncode == 0
    machine.program("docker", container("target", "running", health="unhealthy", created=time.time() - 60))
    assert machine.script("keep_good", "a").returncode == 0
