"""Who reaches the machine: the rules of its firewall as they are declared, applied in a network namespace.

Two namespaces stand for the machine and the internet, linked to each other and to nothing else.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.equipment import namespaces
from tests.equipment.namespaces import ip, within
from tests.policy.production import CONFIG, declare_base, hetzner, one

# Of Cloudflare's, and of ranges that documents use and nobody owns.
CLOUDFLARE = ("104.16.1.2", "2606:4700::1")
ELSEWHERE = ("198.51.100.77", "2001:db8::77")
MACHINE = {False: "10.79.0.1", True: "fd79::1"}
_SERVE = """
import select, socket
both = {"family": socket.AF_INET6, "dualstack_ipv6": True}
servers = [socket.create_server(("::", port), **both) for port in (22, 80, 443, 8080)]
print("listening", flush=True)
while True:
    for ready in select.select(servers, [], [])[0]:
        ready.accept()[0].close()
"""
_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=20, source_address=(sys.argv[1], 0))
    print("reached")
except OSError as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class World:
    """The machine and the internet: names of their namespaces."""

    machine: str
    internet: str

    def reaches(self, source: str, port: int) -> bool:
        machine = MACHINE[":" in source]
        said = within(self.internet, sys.executable, "-c", _CONNECT, source, machine, str(port), seconds=60)
        return said.strip() == "reached"

    def apply(self, web_from: str) -> None:
        """The declared rules, as the cloud applies them, save that what no rule lets in is refused at once."""
        for program, wide in (("iptables", False), ("ip6tables", True)):
            within(self.machine, program, "-F", "INPUT")
            within(self.machine, program, "-A", "INPUT", "-m", "state", "--state", "ESTABLISHED", "-j", "ACCEPT")
            if wide:  # neighbours are found by it
                within(self.machine, program, "-A", "INPUT", "-p", "ipv6-icmp", "-j", "ACCEPT")
            for rule in one(declare_base(hetzner(), webFrom=web_from), "Firewall")["rules"]:
                sources = [source for source in rule["sourceIps"] if (":" in source) == wide]
                if rule["direction"] == "in" and rule["protocol"] == "tcp" and sources:
                    allowed = ["-p", "tcp", "--dport", rule["port"], "-s", ",".join(sources), "-j", "ACCEPT"]
                    within(self.machine, program, "-A", "INPUT", *allowed)
            refused = ["-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"]
            within(self.machine, program, "-A", "INPUT", *refused)
            within(self.machine, program, "-A", "INPUT", "-j", "DROP")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    token = uuid.uuid4().hex[:6]
    made = World(f"m-{token}", f"i-{token}")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLOUDFLARE_API_TOKEN", "of-the-test")
        namespaces.make(stack, (made.machine, made.internet))
        ip("-n", made.machine, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", made.internet)
        for place, addresses in (
            (made.machine, [f"{MACHINE[False]}/24", f"{MACHINE[True]}/64"]),
            (made.internet, ["10.79.0.2/24", "fd79::2/64", *(f"{one}/128" for one in (*CLOUDFLARE, *ELSEWHERE))]),
        ):
            for address in addresses:
                exact = address if ":" in address else address.replace("/128", "/32")
                ip("-n", place, "addr", "add", exact, "dev", "eth0", *(["nodad"] if ":" in address else []))
            ip("-n", place, "link", "set", "eth0", "up")
        ip("-n", made.machine, "route", "add", "default", "via", "10.79.0.2")
        ip("-n", made.machine, "-6", "route", "add", "default", "via", "fd79::2")
        namespaces.serve(stack, made.machine, _SERVE)
        yield made


def reachable(world: World, source: str) -> set[int]:
    return {port for port in (22, 80, 443, 8080) if world.reaches(source, port)}


def test_pages_answer_cloudflare_and_nobody_else(world: World) -> None:
    assert (CONFIG["httpPort"], CONFIG["httpsPort"]) == ("80", "443")
    world.apply("cloudflare")
    for source in CLOUDFLARE:
        assert reachable(world, source) == {22, 80, 443}, source
    for source in ELSEWHERE:
        assert reachable(world, source) == {22}, source


def test_an_opened_firewall_lets_anybody_see_pages(world: World) -> None:
    world.apply("anywhere")
    for source in (*CLOUDFLARE, *ELSEWHERE):
        assert reachable(world, source) == {22, 80, 443}, source
