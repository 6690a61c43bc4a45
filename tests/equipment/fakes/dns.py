"""A fake authoritative name server (UDP and TCP) that answers from the fake Cloudflare account.

A proxied A record is answered with its own content: there is no Cloudflare edge here.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from tests.equipment.fakes.cloudflare import FakeCloudflare
from tests.equipment.fakes.cloudflare.state import State
from tests.equipment.fakes.http import Json

_PLAYED = ("A", "AAAA", "CNAME", "NS", "TXT")
_TTL = 5
_UDP_SIZE = 512
_HOST = "ns.fake-cloudflare.test"
_SILENT = DNSLogger("-request,-reply,-truncated,-error")


class FakeDns:
    """Fake name server on one address, UDP and TCP on the same port; use it as a context manager."""

    def __init__(self, cloudflare: FakeCloudflare, *, host: str = "127.0.0.1") -> None:
        """Answer from an account.

        Args:
            cloudflare: whose zones.
            host: IPv4 address to listen on, to which its own name (the zones' name server) resolves as well.
        """
        self._cloudflare = cloudflare
        self._host = host
        self._servers: list[DNSServer] = []
        self.port = 0

    def __enter__(self) -> Self:
        self._bind()
        for server in self._servers:
            threading.Thread(target=server.server.serve_forever, args=(0.05,), name="fake dns", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.server.shutdown()
            server.server.server_close()

    @retry(stop=stop_after_attempt(10), retry=retry_if_exception_type(OSError), reraise=True)
    def _bind(self) -> None:
        """Both on one port; a free TCP port may be taken for UDP, then another one is tried."""
        tcp = DNSServer(self, self._host, 0, tcp=True, logger=_SILENT)
        self.port = tcp.server.server_address[1]
        try:
            udp = DNSServer(self, self._host, self.port, logger=_SILENT)
        except OSError:
            tcp.server.server_close()
            raise
        self._servers = [tcp, udp]

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        """The reply to one question."""
        reply = request.reply(ra=0)
        if request.header.opcode:
            reply.header.rcode = RCODE.NOTIMP
            return reply
        name, kind = str(request.q.qname).lower().rstrip("."), QTYPE.get(request.q.qtype)
        reply.header.rcode, answers, authority = self._look_up(self._cloudflare.state, name, kind)
        reply.add_answer(*answers)
        reply.add_auth(*authority)
        if handler.protocol == "udp" and len(reply.pack()) > _UDP_SIZE:
            reply = request.reply(ra=0)
            reply.header.tc = 1
        return reply

    def _look_up(self, state: State, name: str, kind: str) -> tuple[int, list[RR], list[RR]]:
        if name == _HOST:
            return RCODE.NOERROR, _answers(name, [{"type": "A", "content": self._host}], kind), []
        zone = state.zone_of(name)
        if zone is None:
            return RCODE.REFUSED, [], []
        records = [one for one in state.all_records() if one["name"] == name]
        below = any(one["name"].endswith(f".{name}") for one in state.all_records())
        if not records and not below:
            records = [one for one in state.all_records() if one["name"] == f"*.{name.partition('.')[2]}"]
        soa = {"type": "SOA", "content": f"{_HOST}. dns.fake-cloudflare.test. 1 10000 2400 604800 {_TTL}"}
        own = [soa, {"type": "NS", "content": _HOST}] if name == zone["name"] else []
        answers = _answers(name, [*(one for one in records if one["type"] in _PLAYED), *own], kind)
        if answers:
            return RCODE.NOERROR, answers, []
        known = records or below or own
        return RCODE.NOERROR if known else RCODE.NXDOMAIN, [], _answers(zone["name"], [soa], "SOA")


def _answers(name: str, records: list[Json], kind: str) -> list[RR]:
    """The records that answer a question of that type; a CNAME answers all."""
    return [
        answer
        for record in records
        if kind in (record["type"], "ANY") or record["type"] == "CNAME"
        for answer in RR.fromZone(f"{name}. {_TTL} IN {record['type']} {_content(record)}")
    ]


def _content(record: Json) -> str:
    content: str = record["content"]
    if record["type"] != "TXT" or content.startswith('"'):
        return content
    return " ".join(f'"{content[at : at + 255]}"' for at in range(0, len(content), 255))
