"""Containers cannot reach the metadata address: the machine's rules, in network namespaces of the test's own.

Three namespaces stand for a container, the machine and the cloud. They are linked to each other and to nothing else, so
what is sent to the metadata address here cannot leave.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.equipment import namespaces
from tests.equipment.namespaces import ip, within

SCRIPT = Path(__file__).resolve().parents[2] / "host/block_metadata.sh"
METADATA = "169.254.169.254"
# A range that documents use and nobody owns.
ELSEWHERE = "198.51.100.77"
_NOBODY = 65534
_SERVE = """
import socket, sys
s = socket.create_server(("", 80))
print("listening", flush=True)
while True:
    s.accept()[0].close()
"""
_CONNECT = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
s = socket.socket()
s.settimeout(3)
try:
    s.connect((sys.argv[1], 80))
    print("reached")
except OSError as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class World:
    """A container, the machine it runs on, and the cloud around it: names of their namespaces."""

    container: str
    machine: str
    cloud: str

    def reaches(self, place: str, address: str, user: int = 0) -> bool:
        return within(place, sys.executable, "-c", _CONNECT, address, str(user)).strip() == "reached"

    def iptables(self, *arguments: str) -> str:
        return within(self.machine, "iptables", *arguments)

    def block(self) -> None:
        """What systemd runs before and after the engine's start."""
        within(self.machine, "sh", str(SCRIPT))

    def engine_starts(self) -> None:
        """What Docker does to its chain: made if missing, kept otherwise, and the first to see what is forwarded."""
        chains = self.iptables("-S")
        if "-N DOCKER-USER" not in chains:
            self.iptables("-N", "DOCKER-USER")
        if "-A FORWARD -j DOCKER-USER" in chains:
            self.iptables("-D", "FORWARD", "-j", "DOCKER-USER")
        self.iptables("-I", "FORWARD", "-j", "DOCKER-USER")

    def boot(self) -> None:
        self.block()
        self.engine_starts()
        self.block()


@pytest.fixture
def world() -> Iterator[World]:
    token = uuid.uuid4().hex[:6]
    made = World(f"c-{token}", f"m-{token}", f"o-{token}")
    with ExitStack() as stack:
        namespaces.make(stack, (made.container, made.machine, made.cloud))
        for near, place, subnet in (("inside", made.container, "10.77.0"), ("outside", made.cloud, "10.78.0")):
            ip("-n", made.machine, "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", place)
            ip("-n", made.machine, "addr", "add", f"{subnet}.1/24", "dev", near)
            ip("-n", made.machine, "link", "set", near, "up")
            ip("-n", place, "addr", "add", f"{subnet}.2/24", "dev", "eth0")
            ip("-n", place, "link", "set", "eth0", "up")
            ip("-n", place, "route", "add", "default", "via", f"{subnet}.1")
        for address in (METADATA, ELSEWHERE):
            ip("-n", made.cloud, "addr", "add", f"{address}/32", "dev", "lo")
        ip("-n", made.machine, "route", "add", "default", "via", "10.78.0.2")
        within(made.machine, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        namespaces.serve(stack, made.cloud, _SERVE)
        yield made


def test_a_container_would_reach_the_address_without_the_rules(world: World) -> None:
    world.engine_starts()
    assert world.reaches(world.container, METADATA)


def test_with_the_rules_a_container_reaches_everything_else_but_not_the_address(world: World) -> None:
    world.boot()
    assert not world.reaches(world.container, METADATA)
    assert world.reaches(world.container, ELSEWHERE)


def test_the_rules_are_there_before_the_engine_starts_a_container(world: World) -> None:
    world.block()
    world.engine_starts()
    assert not world.reaches(world.container, METADATA)


def test_a_container_in_the_machines_own_network_does_not_reach_it_either_but_root_does(world: World) -> None:
    world.boot()
    assert not world.reaches(world.machine, METADATA, user=_NOBODY)
    assert world.reaches(world.machine, ELSEWHERE, user=_NOBODY)
    assert world.reaches(world.machine, METADATA), "cloud-init asks at every boot"


def test_running_again_changes_nothing(world: World) -> None:
    world.boot()
    before = world.iptables("-S")
    world.boot()
    assert world.iptables("-S") == before
    assert before.count(METADATA) == 2


def test_a_rule_of_the_operators_own_survives(world: World) -> None:
    world.boot()
    world.iptables("-A", "DOCKER-USER", "-d", "203.0.113.9", "-j", "DROP")
    world.boot()
    assert "203.0.113.9" in world.iptables("-S", "DOCKER-USER")


def test_the_address_stays_blocked_when_the_engines_chain_was_flushed_and_made_again(world: World) -> None:
    world.boot()
    world.iptables("-F", "DOCKER-USER")
    assert world.reaches(world.container, METADATA), "the chain is empty"
    world.boot()
    assert not world.reaches(world.container, METADATA)

    world.iptables("-D", "FORWARD", "-j", "DOCKER-USER")
    world.iptables("-F", "DOCKER-USER")
    world.iptables("-X", "DOCKER-USER")
    world.boot()
    assert not world.reaches(world.container, METADATA)


def test_an_engine_that_empties_its_chain_when_it_starts_is_mended_right_after(world: World) -> None:
    world.block()
    world.engine_starts()
    world.iptables("-F", "DOCKER-USER")
    world.block()
    assert not world.reaches(world.container, METADATA)
