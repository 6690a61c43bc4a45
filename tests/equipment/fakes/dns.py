"""A fake authoritative name server (UDP and TCP) that answers from the fake Cloudflare account.

A proxied A record is answered with its own content: there is no Cloudflare edge here.
"""

from __future__ import annotations

import ipaddress
import re
import socketserver
import struct
import threading
from types import TracebackType
from typing import Self

from tests.equipment.fakes.cloudflare import FakeCloudflare
from tests.equipment.fakes.cloudflare.state import State
from tests.equipment.fakes.http import Json

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28}
_ANY = 255
_NO_ERROR, _FORM_ERROR, _NO_NAME, _NOT_IMPLEMENTED, _REFUSED = 0, 1, 3, 4, 5
_TTL = 5
_UDP_SIZE = 512


class FakeDns:
    """Fake name server on one address, UDP and TCP on the same port; use it as a context manager."""

    def __init__(
        self, cloudflare: FakeCloudflare, *, host: str = "127.0.0.1", port: int = 0, address: str | None = None
    ) -> None:
        """Answer from an account.

        Args:
            cloudflare: whose zones.
            host: address to listen on.
            port: port to listen on, 0 for any.
            address: IPv4 address that its own name (the zones' name server) resolves to; default: host.
        """
        self._cloudflare = cloudflare
        self._wanted = (host, port)
        self._address = address or host
        self._servers: list[socketserver.BaseServer] = []
        self._questions: list[tuple[str, str]] = []
        self.port = 0

    def __enter__(self) -> Self:
        dns = self

        class OverUdp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                packet, socket = self.request
                reply = dns.answer(packet)
                if len(reply) > _UDP_SIZE:
                    reply = reply[:2] + bytes([reply[2] | 0x02]) + reply[3:6] + bytes(6) + _question(packet)[2]
                if reply:
                    socket.sendto(reply, self.client_address)

        class OverTcp(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self) -> None:
                while len(size := self.rfile.read(2)) == 2:
                    reply = dns.answer(self.rfile.read(int.from_bytes(size, "big")))
                    self.wfile.write(struct.pack(">H", len(reply)) + reply)

        tcp, udp = self._bind(OverTcp, OverUdp)
        self.port = tcp.server_address[1]
        self._servers = [tcp, udp]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="fake dns", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _bind(
        self, over_tcp: type[socketserver.BaseRequestHandler], over_udp: type[socketserver.BaseRequestHandler]
    ) -> tuple[_Tcp, _Udp]:
        """Both on one port; a free TCP port may be taken for UDP, then another one is tried."""
        attempts = 1 if self._wanted[1] else 10
        while True:
            tcp = _Tcp(self._wanted, over_tcp)
            try:
                return tcp, _Udp((self._wanted[0], tcp.server_address[1]), over_udp)
            except OSError:
                tcp.server_close()
                attempts -= 1
                if not attempts:
                    raise

    @property
    def server(self) -> str:
        """`host:port`, as most programs take a resolver."""
        return f"{self._wanted[0]}:{self.port}"

    @property
    def questions(self) -> list[tuple[str, str]]:
        """All questions so far: type and name."""
        return list(self._questions)

    def answer(self, packet: bytes) -> bytes:
        """The reply to one message; empty when it is none that could be answered."""
        if len(packet) < 12 or packet[2] & 0x80:
            return b""
        try:
            name, kind, question = _question(packet)
        except (IndexError, UnicodeDecodeError, struct.error):
            return packet[:2] + struct.pack(">HHHHH", 0x8000 | _FORM_ERROR, 0, 0, 0, 0)
        if (packet[2] >> 3) & 0x0F:
            return packet[:2] + struct.pack(">HHHHH", 0x8000 | _NOT_IMPLEMENTED, 1, 0, 0, 0) + question
        self._questions.append((next((text for text, code in _TYPES.items() if code == kind), str(kind)), name))
        code, answers, authority = self._look_up(self._cloudflare.state, name, kind)
        flags = 0x8400 | (packet[2] & 0x01) << 8 | code
        header = packet[:2] + struct.pack(">HHHHH", flags, 1, len(answers), len(authority), 0)
        return header + question + b"".join(answers + authority)

    def _look_up(self, state: State, name: str, kind: int) -> tuple[int, list[bytes], list[bytes]]:
        if name == _HOST:
            mine = [_resource(name, "A", ipaddress.IPv4Address(self._address).packed)] if kind in (1, _ANY) else []
            return _NO_ERROR, mine, []
        zone = state.zone_of(name)
        if zone is None:
            return _REFUSED, [], []
        apex, soa = zone["name"], _resource(zone["name"], "SOA", _soa())
        records = [one for one in state.all_records() if one["name"] == name]
        below = any(one["name"].endswith(f".{name}") for one in state.all_records())
        if not records and not below:
            records = [one for one in state.all_records() if one["name"] == f"*.{name.partition('.')[2]}"]
        answers = [_resource(name, one["type"], data) for one in records if (data := _data(one, kind)) is not None]
        if name == apex and kind in (_TYPES["SOA"], _ANY):
            answers.append(soa)
        if name == apex and kind in (_TYPES["NS"], _ANY):
            answers.append(_resource(name, "NS", _encoded(_HOST)))
        if answers:
            return _NO_ERROR, answers, []
        return (_NO_ERROR if records or below or name == apex else _NO_NAME), [], [soa]


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


_HOST = "ns.fake-cloudflare.test"


def _question(packet: bytes) -> tuple[str, int, bytes]:
    """Name in lower case, type, and the question's own bytes (their case must come back)."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    (kind,) = struct.unpack(">H", packet[at + 1 : at + 3])
    return ".".join(labels).lower(), kind, packet[12 : at + 5]


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split(".")) + b"\0"


def _resource(name: str, kind: str, data: bytes) -> bytes:
    return _encoded(name) + struct.pack(">HHIH", _TYPES[kind], 1, _TTL, len(data)) + data


def _soa() -> bytes:
    return _encoded(_HOST) + _encoded("dns.fake-cloudflare.test") + struct.pack(">IIIII", 1, 10000, 2400, 604800, _TTL)


def _data(record: Json, kind: int) -> bytes | None:
    """Wire form of a record if it answers a question of that type; a CNAME answers all."""
    own = _TYPES.get(record["type"])
    if own is None or (kind not in (own, _ANY) and record["type"] != "CNAME"):
        return None
    content: str = record["content"]
    if record["type"] in ("A", "AAAA"):
        return ipaddress.ip_address(content).packed
    if record["type"] in ("CNAME", "NS"):
        return _encoded(content)
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', content)
    text = re.sub(r"\\(.)", r"\1", "".join(quoted)).encode() if quoted else content.encode()
    return b"".join(bytes([len(part)]) + part for part in _chunks(text))


def _chunks(text: bytes) -> list[bytes]:
    return [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]
