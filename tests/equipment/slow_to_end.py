"""Connections to a PostgreSQL server of this machine that end late, as where the server has little of a processor."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Of the protocol: the message, and its length.
_TERMINATE = b"X\0\0\0\4"


@contextmanager
def slow_to_end(port: int, *, seconds: float) -> Iterator[int]:
    """A port of loopback that leads to another one, whose server hears the last words of each client so much later."""

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                answers = threading.Thread(target=_pass_on, args=(server, self.request, 0))
                answers.start()
                _pass_on(self.request, server, seconds)
                with suppress(OSError):
                    server.shutdown(socket.SHUT_WR)
                answers.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Connection) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()
            thread.join()


def _pass_on(source: socket.socket, target: socket.socket, wait: float) -> None:
    """Pass on all that is said, the last words of a client so many seconds later."""
    with suppress(OSError):
        while data := source.recv(65536):
            if data.endswith(_TERMINATE):
                time.sleep(wait)
            target.sendall(data)
