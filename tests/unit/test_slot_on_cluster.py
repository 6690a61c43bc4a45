"""Slots of a cluster: what its manager says of services decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.slots import FULL, HALF_AN_HOUR, Machine, refused


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def on_cluster(machine: Machine, *previews: tuple[str, int]) -> None:
    """A manager whose Swarm has these services: slug and containers that it shall run of each."""
    listed = "".join(f"echo s{number};" for number, _ in enumerate(previews))
    shown = "".join(f"echo {slug} {replicas};" for slug, replicas in previews)
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/asked\ncase "$1 $2" in "service ls") {listed or ":"} ;; '
        f'"service inspect") {shown or ":"} ;; *) exit 1 ;; esac',
    )


def test_on_a_cluster_a_preview_counts_whose_services_shall_run(machine: Machine) -> None:
    machine.take("a")
    machine.age("a", HALF_AN_HOUR * 2)
    on_cluster(machine, ("a", 1), ("a", 1), ("b", 1))
    assert "2 of 2 previews run or start" in refused(machine.take("c", RUNTIME="services"), FULL)
    assert "label=pgai.preview.base=edge" in (machine.root / "asked").read_text(encoding="utf-8")
    on_cluster(machine, ("a", 0), ("a", 0), ("b", 1))
    assert machine.take("c", RUNTIME="services").returncode == 0, "one without containers sleeps"


def test_a_manager_that_does_not_answer_takes_no_slot(machine: Machine) -> None:
    machine.program("docker", "exit 1")
    done = machine.take("a", RUNTIME="services")
    assert done.returncode == 1
    assert "does not say which previews run" in done.stderr
    machine.program("docker", '[ "$2" = ls ] && echo s1 && exit; echo no answer >&2; exit 1')
    assert machine.take("a", RUNTIME="services").returncode == 1, "nor one that does not say how many of them run"
    machine.program(
        "docker", '[ "$2" = ls ] && echo s1 && exit; echo b 1; echo "Error: no such service: s1" >&2; exit 1'
    )
    assert "1 of 1 previews run" in refused(machine.take("a", RUNTIME="services", LIMIT="1"), FULL)
    on_cluster(machine)
    assert machine.take("a", RUNTIME="services").returncode == 0, "one without any service does"


def test_on_a_cluster_services_go_first_and_networks_once_their_containers_have_ended(machine: Machine) -> None:
    machine.take("a")
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/removed\n'
        'case "$1 $2" in "service ls") echo s1; echo s2 ;; "node ls") echo "n1 Ready"; echo "n2 Down" ;; '
        f'"node ps") [ "$(grep -c "^node ps" {machine.root}/removed)" -gt 1 ] || echo t1 ;; '
        '"secret ls") echo x1 ;; "config ls") echo c1 ;; "network ls") echo o1 ;; '
        '"network inspect") echo lb-preview-a_edge; echo proxy ;; esac',
    )
    machine.program("sleep", ":")
    assert machine.script("release_slot", "a", RUNTIME="services").stdout == "released\n"
    asked = (machine.root / "removed").read_text(encoding="utf-8").splitlines()
    lists = [line for line in asked if " ls " in line or line.startswith(("ps ", "node ps"))]
    for line in lists:
        if not line.startswith("node ls"):
            assert "--filter label=pgai.preview.slug=a --filter label=pgai.preview.base=edge" in line
    assert [line.endswith(" n1") for line in lists if line.startswith("node ps")] == [True, True], "until none is left"
    assert [line for line in asked if line not in lists and not line.startswith("network inspect")] == [
        "service rm s1 s2",
        "secret rm x1",
        "config rm c1",
        "network disconnect --force o1 proxy",
        "network rm o1",
    ]


def test_a_container_that_does_not_end_keeps_no_slot(machine: Machine) -> None:
    machine.take("a")
    machine.program("docker", 'case "$1 $2" in "node ls") echo "n1 Ready" ;; "node ps") echo t1 ;; esac')
    machine.program("sleep", ":")
    done = machine.script("release_slot", "a", RUNTIME="services", TASK_SECONDS="3")
    assert done.returncode == 0
    assert "still end after 3 s" in done.stderr
    assert done.stdout == "released\n"


def test_a_manager_that_does_not_say_what_still_runs_has_nothing_taken_away(machine: Machine) -> None:
    machine.take("a")
    for deaf in ("node ls", "node ps"):
        machine.program(
            "docker",
            f'echo "$*" >>{machine.root}/removed\ncase "$1 $2" in "{deaf}") echo no answer >&2; exit 1 ;; '
            '"node ls") echo "n1 Ready" ;; "secret ls") echo x1 ;; esac',
        )
        done = machine.script("release_slot", "a", RUNTIME="services")
        assert (done.returncode, done.stderr) == (1, "no answer\n"), deaf
    assert "secret rm" not in (machine.root / "removed").read_text(encoding="utf-8")
    assert (machine.root / "previews/a/slot").exists()


def test_while_a_previews_containers_end_others_take_and_release_their_slots(machine: Machine) -> None:
    machine.take("a")
    seen = f"if flock -n {machine.root}/.lock true; then echo free; else echo held; fi >>{machine.root}/lock"
    machine.program(
        "docker",
        f'case "$1 $2" in "node ls") echo "n1 Ready" ;; "node ps") {seen} ;; "network ls") {seen} ;; esac',
    )
    assert machine.script("release_slot", "a", RUNTIME="services").stdout == "released\n"
    assert (machine.root / "lock").read_text(encoding="utf-8").split() == ["free", "held"]


def test_services_of_another_branch_stay(machine: Machine) -> None:
    machine.take("feature/a")
    on_cluster(machine, ("feature-a", 1))
    assert "belongs to the preview of branch 'feature/a'" in refused(
        machine.script("release_slot", "feature_a", RUNTIME="services"), 3
    )
    assert "service rm" not in (machine.root / "asked").read_text(encoding="utf-8")
