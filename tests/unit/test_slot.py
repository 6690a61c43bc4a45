"""Slots on the machine: counted, limited, owned, taken by one at a time, given back."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stacks.names import slug_of
from tests.equipment.slots import FULL, HALF_AN_HOUR, SHORT, Machine, refused


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def test_only_the_containers_of_the_same_base_are_counted(machine: Machine) -> None:
    assert machine.take("a").returncode == 0
    assert "label=pgai.preview.base=edge" in (machine.root / "asked").read_text(encoding="utf-8")


def test_the_limit_counts_previews_not_containers_and_names_their_branches(machine: Machine) -> None:
    machine.take("feature/a")
    machine.age("feature-a", HALF_AN_HOUR * 2)
    machine.running("feature-a", "feature-a", "feature-a")
    assert machine.take("feature/b").returncode == 0
    sentence = refused(machine.take("feature/c"), FULL)
    assert "2 of 2 previews run or start (feature/a, feature/b)" in sentence
    assert not (machine.root / "previews/feature-c").exists(), "a refusal leaves nothing"


def test_a_slot_counts_from_the_moment_it_is_taken_until_its_containers_run(machine: Machine) -> None:
    machine.take("a")
    machine.take("b")
    refused(machine.take("c"), FULL)


def test_a_slot_whose_deploy_died_stops_counting_after_half_an_hour(machine: Machine) -> None:
    machine.take("a")
    machine.take("b")
    machine.age("a", HALF_AN_HOUR - 60)
    refused(machine.take("c"), FULL)
    machine.age("a", HALF_AN_HOUR + 60)
    assert machine.take("c").returncode == 0


def test_an_update_of_a_live_preview_needs_no_room(machine: Machine) -> None:
    machine.take("a")
    machine.running("a", "b", "c")
    machine.disk(0)
    machine.memory(0)
    assert machine.take("a").returncode == 0


def test_the_same_branch_may_take_its_slot_again(machine: Machine) -> None:
    assert machine.take("a", LIMIT="1").returncode == 0
    assert machine.take("a", LIMIT="1").returncode == 0


@pytest.mark.parametrize(
    ("disk", "memory", "word", "said"),
    [(4.9, 8, "disk", "4.9"), (4.9999, 8, "disk", "4.9"), (100, 0.9, "memory", "0.9"), (100, 0.9999, "memory", "0.9")],
)
def test_short_disk_or_memory_refuses_with_the_figures(
    machine: Machine, disk: float, memory: float, word: str, said: str
) -> None:
    machine.disk(disk)
    machine.memory(memory)
    sentence = refused(machine.take("a"), SHORT)
    assert f"{said} GB of the host's {word}" in sentence
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


def test_a_released_slot_is_free_for_anyone_and_releasing_twice_is_fine(machine: Machine) -> None:
    machine.take("feature/a", LIMIT="1")
    assert machine.script("release_slot", "feature/a").stdout == "released\n"
    again = machine.script("release_slot", "feature/a")
    assert (again.returncode, again.stdout) == (0, "")
    assert machine.take("feature_a", LIMIT="1").returncode == 0


def test_giving_a_slot_back_removes_what_the_engine_keeps_for_this_preview_alone(machine: Machine) -> None:
    machine.take("a")
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/removed\n'
        'case "$1 $2" in "ps --all") echo c1; echo c2 ;; "network ls") echo n1 ;; "network inspect") echo proxy ;; '
        '"volume ls") echo v1 ;; esac',
    )
    assert machine.script("release_slot", "a").stdout == "released\n"
    asked = (machine.root / "removed").read_text(encoding="utf-8").splitlines()
    lists = [line for line in asked if " ls " in line or line.startswith("ps ")]
    assert len(lists) == 3
    for line in lists:
        assert "--filter label=pgai.preview.slug=a --filter label=pgai.preview.base=edge" in line
    done = [line for line in asked if line not in lists and not line.startswith("network inspect")]
    # Containers hold the rest; the reverse proxy is on the preview's edge network, and would keep it.
    assert done[0] == "rm --force --volumes c1 c2"
    networks = ["network disconnect --force n1 proxy", "network rm n1"]
    assert [line for line in done if line.startswith("network")] == networks
    assert sorted(done[1:]) == [*networks, "volume rm v1"]


def test_nothing_is_stopped_for_a_branch_that_does_not_own_the_slot(machine: Machine) -> None:
    machine.take("feature/a")
    machine.program("docker", f'echo "$*" >>{machine.root}/removed; echo found')
    assert machine.script("release_slot", "feature_a").returncode == 3
    assert not (machine.root / "removed").exists()


def test_an_owner_that_a_full_disk_has_lost_is_written_anew_for_the_branch_whose_stack_knows_the_slot(
    machine: Machine,
) -> None:
    machine.take("feature/a")
    preview = machine.root / "previews/feature-a"
    (preview / "config").mkdir()
    (preview / "branch").write_text("", encoding="utf-8")
    machine.running("feature-a")
    done = machine.take("feature/a", KNOWN="1")
    assert done.returncode == 0, done.stderr
    assert (preview / "branch").read_text(encoding="utf-8") == "feature/a\n"
    assert sorted(path.name for path in preview.iterdir()) == ["branch", "config", "slot"]


def test_a_disk_that_is_full_loses_no_owner(machine: Machine) -> None:
    machine.take("feature/a")
    preview = machine.root / "previews/feature-a"
    (preview / "branch.next").symlink_to("/dev/full")
    machine.running("feature-a")
    assert machine.take("feature/a").returncode == 0, "what is there already is not written"
    (preview / "branch").unlink()
    done = machine.take("feature/a")
    assert done.returncode != 0
    assert not (preview / "branch").exists(), "no owner rather than half of one"


def test_a_slot_that_is_lost_is_refused_before_the_live_preview_goes_where_there_is_no_room_to_make_it_anew(
    machine: Machine,
) -> None:
    machine.take("a")
    shutil.rmtree(machine.root / "previews/a")
    machine.running("a")
    machine.disk(0)
    assert "of the host's disk are free" in refused(machine.take("a", KNOWN="1"), SHORT)
    machine.disk(100)
    machine.running("a", "b", "c")
    assert "2 of 2 previews run or start (b, c)" in refused(machine.take("a", KNOWN="1"), FULL)
    machine.running("a", "b")
    assert machine.take("a", KNOWN="1").returncode == 4
    assert not (machine.root / "previews/a").exists()


def test_a_slot_that_is_only_half_gone_is_not_taken_for_one_that_lost_its_owner(machine: Machine) -> None:
    machine.take("a")
    preview = machine.root / "previews/a"
    (preview / "config").mkdir()
    machine.program("rm", f'case "$*" in *-rf*{preview}*) exit 1 ;; *) exec /bin/rm "$@" ;; esac')
    assert machine.script("release_slot", "a").returncode != 0
    assert (preview / "config").exists()
    assert machine.take("a", KNOWN="1").returncode == 4


def test_a_slot_that_must_be_there_already_and_is_not_is_not_made(machine: Machine) -> None:
    lost = machine.take("a", KNOWN="1")
    assert lost.returncode == 4
    assert "slot of the preview of branch 'a' is gone from the machine" in lost.stderr
    assert not (machine.root / "previews/a").exists()
    machine.take("a")
    assert machine.take("a", KNOWN="1").returncode == 0


@pytest.mark.parametrize("kind", ["volume", "network"])
def test_a_slot_of_which_docker_keeps_something_stays_with_its_files(machine: Machine, kind: str) -> None:
    machine.take("a")
    machine.program(
        "docker",
        f'case "$1 $2" in "{kind} ls") echo x1 ;; "{kind} rm") echo "x1: {kind} is in use" >&2; exit 1 ;; esac',
    )
    done = machine.script("release_slot", "a")
    assert done.returncode != 0
    assert f"{kind} is in use" in done.stderr
    assert (machine.root / "previews/a/branch").exists()


def test_an_engine_that_does_not_answer_takes_no_slot(machine: Machine) -> None:
    machine.program("docker", "exit 1")
    done = machine.take("a")
    assert done.returncode == 1
    assert "does not say which previews run" in done.stderr
    assert not (machine.root / "previews/a").exists()


def test_of_many_that_ask_at_once_as_many_get_a_slot_as_there_are(machine: Machine) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(machine.take, [f"branch-{number}" for number in range(8)]))
    assert sorted(one.returncode for one in done) == [0, 0] + [FULL] * 6
    assert len(list((machine.root / "previews").iterdir())) == 2


def test_slots_are_listed_with_the_time_of_their_last_change(machine: Machine) -> None:
    machine.take("feature/a")
    listed = machine.script("list_slots", "x", PREVIEWS=f"{machine.root}/previews").stdout
    moment, slug = listed.split()
    assert slug == "feature-a"
    assert moment.endswith("Z")
    assert machine.script("list_slots", "x", PREVIEWS=f"{machine.root}/nowhere").stdout == ""
