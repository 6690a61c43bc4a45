"""The reverse proxy is brought to the networks of previews."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.slots import Machine

_LATE = "attaching to network failed, make sure your network options are correct: context deadline exceeded"
_NO_SESSION = "Could not attach to network preview-a_edge: context deadline exceeded"
_NOT_FOUND = "network preview-a_edge not found"


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def test_the_reverse_proxy_joins_the_networks_that_it_is_not_on_yet(machine: Machine) -> None:
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/asked\n'
        'case "$1 $2" in "network ls") echo preview-a_edge; echo preview-b_edge ;; "inspect --format") '
        "echo edge; echo preview-a_edge ;; esac",
    )
    assert machine.script("connect_edge", "a").returncode == 0
    asked = (machine.root / "asked").read_text(encoding="utf-8").splitlines()
    assert [line for line in asked if line.startswith("network connect")] == ["network connect preview-b_edge edge"]


@pytest.mark.parametrize(
    ("answers", "code", "asked"),
    [
        # As Docker 29 answers after a time-out: the second time from what it kept of the first, and then anew.
        ([_LATE, _NOT_FOUND], 0, 3),
        ([_LATE, _NOT_FOUND, _LATE, _NOT_FOUND], 0, 5),
        ([_NO_SESSION], 0, 2),
        ([_LATE, "edge is already attached to network preview-a_edge"], 0, 2),
        ([_LATE, _NOT_FOUND] * 9, 1, 15),
        (["permission denied"], 1, 1),
    ],
)
def test_a_manager_that_answers_late_is_asked_again_and_any_other_refusal_stays_one(
    machine: Machine, answers: list[str], code: int, asked: int
) -> None:
    (machine.root / "answers").write_text("".join(f"{answer}\n" for answer in answers), encoding="utf-8")
    machine.program(
        "docker",
        'case "$1 $2" in "network ls") echo preview-a_edge ;; "network connect")\n'
        f"echo x >>{machine.root}/tries\n"
        f'answer=$(sed -n "$(wc -l <{machine.root}/tries)p" {machine.root}/answers)\n'
        '[ -z "$answer" ] || { echo "$answer" >&2; exit 1; } ;; esac',
    )
    machine.program("sleep", "")
    done = machine.script("connect_edge", "a")
    assert done.returncode == code, done.stderr
    assert len((machine.root / "tries").read_text(encoding="utf-8").split()) == asked
    assert done.stderr.strip() == (answers[asked - 1] if code else "")


def test_a_machine_without_its_reverse_proxy_is_refused_with_the_cure(machine: Machine) -> None:
    machine.program("docker", 'case "$1" in inspect) exit 1 ;; esac')
    refused = machine.script("connect_edge", "a")
    assert refused.returncode == 1
    assert "The reverse proxy edge is not on the machine" in refused.stderr
    assert "pulumi up" in refused.stderr
