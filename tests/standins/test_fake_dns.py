"""The fake name server answers from the fake Cloudflare account, over UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from tests.equipment.fakes import FakeCloudflare, FakeDns


@dataclass(frozen=True)
class Answer:
    """What a reply says: its code, data of the answers, and whether it was cut short."""

    code: str
    data: list[str]
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

    def ask(self, name: str, kind: str, *, tcp: bool = False) -> Answer:
        question = DNSRecord.question(name, kind)
        reply = DNSRecord.parse(question.send("127.0.0.1", self.dns.port, tcp=tcp, timeout=5))
        assert (reply.header.id, reply.header.qr, reply.header.aa) == (question.header.id, 1, 1)
        assert str(reply.q.qname) == f"{name}.", "the question comes back as it was asked"
        assert {QTYPE[one.rtype] for one in reply.rr} <= {kind}
        data = [str(one.rdata) for one in reply.rr]
        return Answer(RCODE[reply.header.rcode], data, len(reply.auth), bool(reply.header.tc))


@pytest.fixture
def names() -> Iterator[Names]:
    with FakeCloudflare(private_targets=True) as account, FakeDns(account) as dns:
        yield Names(account, dns)


@pytest.mark.parametrize("tcp", [False, True])
def test_a_record_answers_as_soon_as_it_is_made(names: Names, tcp: bool) -> None:
    assert names.ask("preview-one.pgai.watch", "A", tcp=tcp).code == "NXDOMAIN"
    names.create("preview-one", "A", "127.0.0.2")
    assert names.ask("Preview-One.PGAI.watch", "A", tcp=tcp).data == ["127.0.0.2"]
    assert names.ask("preview-one.pgai.watch", "AAAA", tcp=tcp) == Answer("NOERROR", [], 1, truncated=False)


def test_challenges_answer_without_their_quotes_all_of_them(names: Names) -> None:
    names.create("_acme-challenge", "TXT", '"one"')
    names.create("_acme-challenge", "TXT", "two words")
    # The quotes are those of the library, around each text.
    assert names.ask("_acme-challenge.pgai.watch", "TXT").data == ['"one"', '"two words"']


def test_the_zone_has_a_start_a_server_and_no_restriction_on_authorities(names: Names) -> None:
    assert len(names.ask("pgai.watch", "SOA").data) == 1
    assert names.ask("pgai.watch", "NS").data == ["ns.fake-cloudflare.test."]
    assert names.ask("ns.fake-cloudflare.test", "A").data == ["127.0.0.1"]
    assert names.ask("pgai.watch", "CAA") == Answer("NOERROR", [], 1, truncated=False)
    assert names.ask("example.org", "A").code == "REFUSED"


def test_a_wildcard_covers_names_that_have_no_records(names: Names) -> None:
    names.create("*", "A", "127.0.0.3")
    names.create("own", "A", "127.0.0.4")
    assert names.ask("any.pgai.watch", "A").data == ["127.0.0.3"]
    assert names.ask("own.pgai.watch", "A").data == ["127.0.0.4"]


def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp(names: Names) -> None:
    names.create("long", "TXT", "x" * 900)
    assert names.ask("long.pgai.watch", "TXT") == Answer("NOERROR", [], 0, truncated=True)
    (data,) = names.ask("long.pgai.watch", "TXT", tcp=True).data
    assert data.count("x") == 900
