"""The fake name server answers from the fake Cloudflare account, over UDP and TCP."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.equipment.fakes import FakeCloudflare, FakeDns

A, NS, SOA, TXT, AAAA, CAA = 1, 2, 6, 16, 28, 257


@dataclass(frozen=True)
class Answer:
    """What a reply says: its code, data of the answers, and whether it was cut short."""

    code: int
    data: list[bytes]
    authority: int
    truncated: bool


@dataclass(frozen=True)
class Names:
    """A fake account and its name server."""

    account: FakeCloudflare
    dns: FakeDns

    def create(self, name: str, kind: str, content: str) -> None:
        reply = httpx.post(
            f"{self.account.url}/zones/{self.account.zone_id('pgai.watch')}/dns_records",
            headers={"Authorization": f"Bearer {self.account.token}"},
            json={"type": kind, "name": name, "content": content, "proxied": kind == "A"},
        )
        assert reply.status_code == 200, reply.text

    def ask(self, name: str, kind: int, *, tcp: bool = False) -> Answer:
        question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
        question += struct.pack(">HH", kind, 1)
        packet = struct.pack(">HHHHHH", 4242, 0x0100, 1, 0, 0, 0) + question
        where = ("127.0.0.1", self.dns.port)
        if tcp:
            with socket.create_connection(where, timeout=5) as stream, stream.makefile("rb") as incoming:
                stream.sendall(struct.pack(">H", len(packet)) + packet)
                reply = incoming.read(struct.unpack(">H", incoming.read(2))[0])
        else:
            with socket.socket(type=socket.SOCK_DGRAM) as datagram:
                datagram.settimeout(5)
                datagram.sendto(packet, where)
                reply = datagram.recv(4096)
        number, flags, _, answers, authority, _ = struct.unpack(">HHHHHH", reply[:12])
        assert (number, flags & 0x8400) == (4242, 0x8400)
        assert reply[12 : 12 + len(question)] == question, "the question comes back as it was asked"
        return Answer(flags & 0x0F, _data(reply, 12 + len(question), answers), authority, bool(flags & 0x0200))


def _data(reply: bytes, at: int, count: int) -> list[bytes]:
    found = []
    for _ in range(count):
        while reply[at]:
            at += 1 + reply[at]
        length = int.from_bytes(reply[at + 9 : at + 11], "big")
        found.append(reply[at + 11 : at + 11 + length])
        at += 11 + length
    return found


@pytest.fixture
def names() -> Iterator[Names]:
    with FakeCloudflare(private_targets=True) as account, FakeDns(account) as dns:
        yield Names(account, dns)


@pytest.mark.parametrize("tcp", [False, True])
def test_a_record_answers_as_soon_as_it_is_made(names: Names, tcp: bool) -> None:
    assert names.ask("preview-one.pgai.watch", A, tcp=tcp).code == 3
    names.create("preview-one", "A", "127.0.0.2")
    assert names.ask("Preview-One.PGAI.watch", A, tcp=tcp).data == [bytes([127, 0, 0, 2])]
    assert names.ask("preview-one.pgai.watch", AAAA, tcp=tcp) == Answer(0, [], 1, truncated=False)
    assert ("A", "preview-one.pgai.watch") in names.dns.questions


def test_challenges_answer_without_their_quotes_all_of_them(names: Names) -> None:
    names.create("_acme-challenge", "TXT", '"one"')
    names.create("_acme-challenge", "TXT", "two")
    assert names.ask("_acme-challenge.pgai.watch", TXT).data == [b"\x03one", b"\x03two"]


def test_the_zone_has_a_start_a_server_and_no_restriction_on_authorities(names: Names) -> None:
    assert len(names.ask("pgai.watch", SOA).data) == 1
    assert names.ask("pgai.watch", NS).data[0].endswith(b"\x04test\0")
    assert names.ask("ns.fake-cloudflare.test", A).data == [bytes([127, 0, 0, 1])]
    assert names.ask("pgai.watch", CAA) == Answer(0, [], 1, truncated=False)
    assert names.ask("example.org", A).code == 5


def test_a_wildcard_covers_names_that_have_no_records(names: Names) -> None:
    names.create("*", "A", "127.0.0.3")
    names.create("own", "A", "127.0.0.4")
    assert names.ask("any.pgai.watch", A).data == [bytes([127, 0, 0, 3])]
    assert names.ask("own.pgai.watch", A).data == [bytes([127, 0, 0, 4])]


def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp(names: Names) -> None:
    names.create("long", "TXT", "x" * 900)
    assert names.ask("long.pgai.watch", TXT) == Answer(0, [], 0, truncated=True)
    (data,) = names.ask("long.pgai.watch", TXT, tcp=True).data
    assert data.count(b"x") == 900
