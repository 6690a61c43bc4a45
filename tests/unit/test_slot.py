"""Places on the host: counted, limited, owned, taken by one at a time, given back."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.names import slug_of

HOST = Path(__file__).resolve().parents[2] / "host"
HALF_AN_HOUR = 30 * 60


@dataclass
class Machine:
    """A host whose Docker client, disk and memory say what a test wants."""

    root: Path

    def program(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def running(self, *slugs: str) -> None:
        """Slugs of the containers that run."""
        lines = " ".join(f"'{slug}'" for slug in slugs)
        self.program("docker", f'echo "$*" >>{self.root}/asked\n' + (f"printf '%s\\n' {lines}" if slugs else ":"))

    def disk(self, gigabytes: float) -> None:
        self.program("df", f"echo header\necho /dev/sda1 100 50 {int(gigabytes * 1e9 / 1024)} 50% /")

    def memory(self, gigabytes: float) -> None:
        (self.root / "proc/meminfo").write_text(f"MemAvailable: {int(gigabytes * 1e9 / 1024)} kB\n", encoding="utf-8")

    def script(self, name: str, branch: str, **environment: str) -> subprocess.CompletedProcess[str]:
        slug = slug_of(branch)
        values = {
            "DIRECTORY": f"{self.root}/previews/{slug}", "SLUG": slug, "BRANCH": branch, "BASE": "edge", "LIMIT": "2",
            "DISK_GB": "5", "MEMORY_GB": "1", "PROC": f"{self.root}/proc", "LOCK_SECONDS": "5",
        }  # fmt: skip
        return subprocess.run(
            ["/bin/sh", str(HOST / f"{name}.sh")],
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}", **values, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def take(self, branch: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.script("take_slot", branch, **environment)

    def age(self, slug: str, seconds: float) -> None:
        then = time.time() - seconds
        os.utime(self.root / "previews" / slug / "slot", (then, then))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "proc").mkdir()
    made = Machine(tmp_path)
    made.running()
    made.disk(100)
    made.memory(8)
    return made


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 3, done.stdout + done.stderr
    return done.stderr


def test_only_the_containers_of_the_same_base_are_counted(machine: Machine) -> None:
    assert machine.take("a").returncode == 0
    assert "label=pgai.preview.base=edge" in (machine.root / "asked").read_text(encoding="utf-8")


def test_the_limit_counts_previews_not_containers_and_names_their_branches(machine: Machine) -> None:
    machine.take("feature/a")
    machine.age("feature-a", HALF_AN_HOUR * 2)
    machine.running("feature-a", "feature-a", "feature-a")
    assert machine.take("feature/b").returncode == 0
    sentence = refused(machine.take("feature/c"))
    assert "2 of 2 previews run or start (feature/a, feature/b)" in sentence
    assert not (machine.root / "previews/feature-c").exists(), "a refusal leaves nothing"


def test_a_place_counts_from_the_moment_it_is_taken_until_its_containers_run(machine: Machine) -> None:
    machine.take("a")
    machine.take("b")
    refused(machine.take("c"))


def test_a_place_whose_deploy_died_stops_counting_after_half_an_hour(machine: Machine) -> None:
    machine.take("a")
    machine.take("b")
    machine.age("a", HALF_AN_HOUR - 60)
    refused(machine.take("c"))
    machine.age("a", HALF_AN_HOUR + 60)
    assert machine.take("c").returncode == 0


def test_an_update_of_a_live_preview_needs_no_room(machine: Machine) -> None:
    machine.take("a")
    machine.running("a", "b", "c")
    machine.disk(0)
    machine.memory(0)
    assert machine.take("a").returncode == 0


def test_the_same_branch_may_take_its_place_again(machine: Machine) -> None:
    assert machine.take("a", LIMIT="1").returncode == 0
    assert machine.take("a", LIMIT="1").returncode == 0


@pytest.mark.parametrize(("disk", "memory", "word"), [(4.9, 8, "disk"), (100, 0.9, "memory")])
def test_short_disk_or_memory_refuses_with_the_figures(machine: Machine, disk: float, memory: float, word: str) -> None:
    machine.disk(disk)
    machine.memory(memory)
    sentence = refused(machine.take("a"))
    assert f"{disk if word == 'disk' else memory} GB of the host's {word}" in sentence
    assert not (machine.root / "previews/a").exists()


def test_enough_is_enough(machine: Machine) -> None:
    machine.disk(5)
    machine.memory(1)
    assert machine.take("a").returncode == 0


def test_another_branch_of_the_slug_is_refused_naming_the_owner(machine: Machine) -> None:
    machine.take("feature/a")
    assert "belongs to branch 'feature/a'" in refused(machine.take("feature_a"))
    assert "belongs to the preview of branch 'feature/a'" in refused(machine.script("release_slot", "feature_a"))
    assert (machine.root / "previews/feature-a/branch").read_text(encoding="utf-8") == "feature/a\n"


@pytest.mark.parametrize("branch", ["a$(touch owned)", "a'b", 'a"b', "a`id`", "-a", "a b", "a\\nb", "a;b", "a*"])
def test_the_name_of_a_branch_is_never_run(machine: Machine, branch: str) -> None:
    assert machine.take(branch).returncode == 0
    owner = machine.root / "previews" / slug_of(branch) / "branch"
    assert owner.read_text(encoding="utf-8") == f"{branch}\n"
    assert f"belongs to branch '{branch}'" in refused(
        machine.take(slug_of(branch) if slug_of(branch) != branch else "A")
    )
    assert machine.script("release_slot", branch).returncode == 0
    assert not list(machine.root.rglob("owned"))


def test_a_released_place_is_free_for_anyone_and_releasing_twice_is_fine(machine: Machine) -> None:
    machine.take("feature/a", LIMIT="1")
    assert machine.script("release_slot", "feature/a").stdout == "released\n"
    again = machine.script("release_slot", "feature/a")
    assert (again.returncode, again.stdout) == (0, "")
    assert machine.take("feature_a", LIMIT="1").returncode == 0


def test_giving_a_place_back_removes_what_the_engine_keeps_for_this_preview_alone(machine: Machine) -> None:
    machine.take("a")
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/removed\n'
        'case "$1 $2" in "ps --all") echo c1; echo c2 ;; "network ls") echo n1 ;; "volume ls") echo v1 ;; esac',
    )
    assert machine.script("release_slot", "a").stdout == "released\n"
    asked = (machine.root / "removed").read_text(encoding="utf-8").splitlines()
    lists = [line for line in asked if " ls " in line or line.startswith("ps ")]
    assert len(lists) == 3
    for line in lists:
        assert "--filter label=pgai.preview.slug=a --filter label=pgai.preview.base=edge" in line
    assert [line for line in asked if line not in lists] == [
        "rm --force --volumes c1 c2", "network rm n1", "volume rm v1",
    ]  # fmt: skip


def test_nothing_is_stopped_for_a_branch_that_does_not_own_the_place(machine: Machine) -> None:
    machine.take("feature/a")
    machine.program("docker", f'echo "$*" >>{machine.root}/removed; echo found')
    assert machine.script("release_slot", "feature_a").returncode == 3
    assert not (machine.root / "removed").exists()


def test_a_place_that_must_be_there_already_and_is_not_is_not_made(machine: Machine) -> None:
    lost = machine.take("a", KNOWN="1")
    assert lost.returncode == 4
    assert "place of the preview of branch 'a' is gone from the host" in lost.stderr
    assert not (machine.root / "previews/a").exists()
    machine.take("a")
    assert machine.take("a", KNOWN="1").returncode == 0


def test_a_place_whose_volumes_are_in_use_is_kept_with_its_files(machine: Machine) -> None:
    machine.take("a")
    machine.program(
        "docker", 'case "$1 $2" in "volume ls") echo v1 ;; "volume rm") echo "v1: volume is in use" >&2; exit 1 ;; esac'
    )
    done = machine.script("release_slot", "a")
    assert done.returncode != 0
    assert "volume is in use" in done.stderr
    assert (machine.root / "previews/a/branch").exists()


def test_an_engine_that_does_not_answer_takes_no_place(machine: Machine) -> None:
    machine.program("docker", "exit 1")
    done = machine.take("a")
    assert done.returncode == 1
    assert "does not say which previews run" in done.stderr
    assert not (machine.root / "previews/a").exists()


def test_of_many_that_ask_at_once_as_many_get_a_place_as_there_are(machine: Machine) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(machine.take, [f"branch-{number}" for number in range(8)]))
    assert sorted(one.returncode for one in done) == [0, 0] + [3] * 6
    assert len(list((machine.root / "previews").iterdir())) == 2


def test_places_are_listed_with_the_time_of_their_last_change(machine: Machine) -> None:
    machine.take("feature/a")
    listed = machine.script("list_slots", "x", PREVIEWS=f"{machine.root}/previews").stdout
    moment, slug = listed.split()
    assert slug == "feature-a"
    assert moment.endswith("Z")
    assert machine.script("list_slots", "x", PREVIEWS=f"{machine.root}/nowhere").stdout == ""


class TestTheGoodCopy:
    """What an update that fails goes back to."""

    @pytest.fixture
    def preview(self, machine: Machine) -> Path:
        machine.take("a")
        preview = machine.root / "previews/a"
        for folder in ("config", "workload"):
            (preview / folder).mkdir()
            (preview / folder / "file").write_text("good", encoding="utf-8")
        return preview

    def test_it_is_what_was_live_when_all_was_well(self, machine: Machine, preview: Path) -> None:
        assert machine.script("keep_good", "a").returncode == 0
        (preview / "config/file").write_text("bad", encoding="utf-8")
        assert (preview / "good/config/file").read_text(encoding="utf-8") == "good"
        assert (preview / "good/workload/file").read_text(encoding="utf-8") == "good"

    def test_a_newer_one_takes_its_place_whole(self, machine: Machine, preview: Path) -> None:
        machine.script("keep_good", "a")
        (preview / "config/file").unlink()
        (preview / "config/other").write_text("better", encoding="utf-8")
        assert machine.script("keep_good", "a").returncode == 0
        assert sorted(path.name for path in (preview / "good/config").iterdir()) == ["other"]
        assert sorted(path.name for path in preview.iterdir()) == ["branch", "config", "good", "slot", "workload"]

    def test_one_that_died_between_two_renames_is_mended(self, machine: Machine, preview: Path) -> None:
        machine.script("keep_good", "a")
        (preview / "good").rename(preview / "good.old")
        (preview / "good.next").mkdir()
        (preview / "workload/file").unlink()
        (preview / "workload").rmdir()
        assert machine.script("keep_good", "a").returncode != 0, "a copy that is not complete is no good one"
        assert (preview / "good/config/file").read_text(encoding="utf-8") == "good"
