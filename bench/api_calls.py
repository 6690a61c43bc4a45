"""Counts the calls of the Docker Engine's API: a proxy on a Unix socket that passes everything on and reads along."""

from __future__ import annotations

import re
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_REQUEST = re.compile(rb"(GET|POST|PUT|DELETE|HEAD) \S+ HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade: ", re.IGNORECASE)
_READ_BYTES = 65536

_Reading = Generator[None, bytes, bytes]


class RequestCounter:
    """Counts the requests in the bytes that one client sends, however they are cut.

    It follows HTTP's framing, since a body may hold what looks like a request, and the next request may follow a body
    without the end of a line.

    Attributes:
        count: Requests so far, each counted when its head is complete.
    """

    def __init__(self) -> None:
        self.count = 0
        self._buffer = bytearray()
        self._reader = self._read()
        next(self._reader)

    def feed(self, data: bytes) -> None:
        """Take what the client has sent next."""
        self._reader.send(data)

    def _read(self) -> _Reading:
        while True:
            head = yield from self._until(b"\r\n\r\n")
            self.count += bool(_REQUEST.match(head))
            length = _LENGTH.search(head)
            if _UPGRADE.search(head):
                yield from self._anything()
            elif _CHUNKED.search(head):
                yield from self._skip_chunks()
            elif length:
                yield from self._skip(int(length[1]))

    def _until(self, end: bytes) -> _Reading:
        while end not in self._buffer:
            self._buffer += yield
        size = self._buffer.index(end) + len(end)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _skip(self, size: int) -> _Reading:
        while len(self._buffer) < size:
            size -= len(self._buffer)
            self._buffer.clear()
            self._buffer += yield
        del self._buffer[:size]
        return b""

    def _skip_chunks(self) -> _Reading:
        while size := int((yield from self._until(b"\r\n")).split(b";")[0], 16):
            yield from self._skip(size + len(b"\r\n"))
        while (yield from self._until(b"\r\n")) != b"\r\n":
            pass
        return b""

    def _anything(self) -> _Reading:
        # The connection is a stream of attach or exec from here on.
        self._buffer.clear()
        while True:
            yield


class ApiProxy(socketserver.ThreadingUnixStreamServer):
    """Passes connections on to the engine, both ways, and counts the requests on them.

    Args:
        path: Socket to listen on.
        engine: The engine's own socket.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path: Path, engine: Path) -> None:
        self.engine = engine
        self.address = f"unix://{path}"
        self._counters: list[RequestCounter] = []
        super().__init__(str(path), _Connection)

    @property
    def calls(self) -> int:
        """Requests so far, on all connections."""
        return sum(counter.count for counter in list(self._counters))

    def counter(self) -> RequestCounter:
        """A counter for a new connection."""
        counter = RequestCounter()
        self._counters.append(counter)
        return counter


class _Connection(socketserver.BaseRequestHandler):
    server: ApiProxy

    def handle(self) -> None:
        client: socket.socket = self.request
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
            engine.connect(str(self.server.engine))
            sending = threading.Thread(target=_pass_on, args=(client, engine, self.server.counter().feed), daemon=True)
            sending.start()
            _pass_on(engine, client, lambda _: None)
            sending.join()


def _pass_on(source: socket.socket, sink: socket.socket, seen: Callable[[bytes], None]) -> None:
    """Pass bytes on until the source has ended, then end the sink's stream; the other direction stays open."""
    with suppress(OSError):
        while data := source.recv(_READ_BYTES):
            seen(data)
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def counted_api(engine: Path) -> Iterator[ApiProxy]:
    """A counting proxy in front of an engine while the block runs.

    Args:
        engine: The engine's socket.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pgai-bench-api-") as folder,
        ApiProxy(Path(folder) / "docker.sock", engine) as proxy,
    ):
        serving = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            serving.join()
