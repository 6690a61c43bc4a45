"""A Docker engine's API on a socket of its own: one without containers, that answers otherwise what a test says."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType

Reply = tuple[int, object] | Callable[[BaseHTTPRequestHandler], None]
"""Status and JSON, or what writes the answer itself."""


class FakeDocker(socketserver.ThreadingUnixStreamServer):
    """Answers from its making to its end.

    Args:
        path: Path of its socket.
        replies: ``GET /nodes`` and alike → what is answered; without one, an empty list.
    """

    daemon_threads = True
    # Five by default, and a socket of this kind refuses whoever comes when so many wait. An engine's has thousands.
    request_queue_size = socket.SOMAXCONN

    def __init__(self, path: Path, replies: Mapping[str, Reply] | None = None) -> None:
        self.path = path
        self.replies: dict[str, Reply] = {"GET /version": (200, {"ApiVersion": "1.44"}), **(replies or {})}
        self.asked: list[str] = []
        super().__init__(str(path), _Handler)
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    @property
    def address(self) -> str:
        """As ``DOCKER_HOST`` takes it."""
        return f"unix://{self.path}"

    def end(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()
        self.path.unlink(missing_ok=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        # A handler wants to know who asks, which a socket of this kind does not say.
        return super().get_request()[0], ("local", 0)


def answer(asking: BaseHTTPRequestHandler, status: int, content: object) -> None:
    """Answer with JSON."""
    body = json.dumps(content).encode()
    asking.send_response(status)
    asking.send_header("Content-Type", "application/json")
    asking.send_header("Content-Length", str(len(body)))
    asking.end_headers()
    asking.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    server: FakeDocker

    def _answer(self) -> None:
        asked = f"{self.command} {re.sub(r'^/v[0-9.]+', '', self.path.partition('?')[0])}"
        self.server.asked.append(asked)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.server.replies.get(asked, (200, []))
        if callable(reply):
            reply(self)
        else:
            answer(self, *reply)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass
