"""Stands in for the Docker client of a machine of a cluster: says what a test wants, and keeps what it was asked."""

from __future__ import annotations

from tests.equipment.timers import Machine

WORKER = {"NAME": "w-1", "NODE": "n1", "SECONDS_AT_MOST": "2"}
"""What the manager's scripts are told of a worker."""


def docker(machine: Machine, *answers: tuple[str, str]) -> None:
    """What the client says: beginning of its arguments → shell that answers; of others nothing is known."""
    cases = "".join(f'"{beginning}"*) {answer} ;;\n' for beginning, answer in answers)
    machine.program("docker", f'echo "$*" >>{machine.root}/docker.log\ncase "$*" in\n{cases}*) exit 9 ;;\nesac')


def asked(machine: Machine) -> list[str]:
    """The arguments of each of its runs."""
    return (machine.root / "docker.log").read_text(encoding="utf-8").splitlines()
