"""What every fake API shares: HTTP on loopback, routes, a log of requests, faults and a rate limit on demand."""

from __future__ import annotations

import copy
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from tests.equipment.fakes.faults import Fault, TokenBucket
from tests.equipment.fakes.messages import LoggedRequest, RefusalError, Reply, Request, Route


class FakeApi(ABC):
    """A fake cloud API on loopback; use it as a context manager. All state is guarded by one lock."""

    vendor: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on host and port (0: any free one) once entered."""
        self._lock = threading.RLock()
        self._address = (host, port)
        self._server: ThreadingHTTPServer | None = None
        self._log: list[LoggedRequest] = []
        self._faults: list[Fault] = []
        self._bucket: TokenBucket | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self._address, self)
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"fake {self.vendor}", daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    @property
    def url(self) -> str:
        """Base address for a client, with the API's own prefix."""
        if self._server is None:
            raise RuntimeError(f"the fake {self.vendor} API is not running: use it in a with statement")
        return f"http://{self._address[0]}:{self._server.server_port}{self.prefix}"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server is not None

    @property
    def requests(self) -> list[LoggedRequest]:
        """All requests so far, oldest first."""
        with self._lock:
            return list(self._log)

    def fail_next(
        self,
        status: int,
        times: int = 1,
        *,
        retry_after: float | None = None,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        """Answer the next requests with an error in the vendor's form.

        Args:
            status: HTTP status.
            times: how many requests; they are counted across connections.
            retry_after: seconds for a Retry-After header.
            method: only requests with this method.
            path: only requests whose path (without the prefix) this regular expression finds.
        """
        with self._lock:
            self._faults.append(Fault(status, times, retry_after, method, path))

    def rate_limit(self, limit: int | None, per_seconds: float = 3600.0) -> None:
        """Allow a burst of `limit` requests that refills evenly within `per_seconds`; None lifts the limit."""
        with self._lock:
            self._bucket = None if limit is None else TokenBucket(limit, per_seconds)

    def clear_faults(self) -> None:
        """Forget all faults and the rate limit."""
        with self._lock:
            self._faults.clear()
            self._bucket = None

    def answer(self, request: Request) -> Reply:
        """Answer one request and write it to the log."""
        with self._lock:
            try:
                reply = self._guarded(request)
            except RefusalError as refusal:
                reply = refusal.reply
            self._log.append(
                LoggedRequest(
                    method=request.method,
                    path=request.path,
                    query=request.query,
                    body=request.raw.decode(errors="replace"),
                    status=reply.status,
                )
            )
            headers = {**self._standing_headers(), **reply.headers}
            content = copy.deepcopy(reply.body)
        return Reply(reply.status, content, headers)

    def _guarded(self, request: Request) -> Reply:
        fault = next((one for one in self._faults if one.times > 0 and one.hits(request.method, request.path)), None)
        if fault is not None:
            fault.times -= 1
            headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            failure = self._failure(fault.status)
            return Reply(failure.status, failure.body, {**failure.headers, **headers})
        self._authenticate(request)
        if self._bucket is not None and not self._bucket.take():
            return self._failure(429)
        self._settle()
        for route in self._routes():
            captures = route.match(request.method, request.path)
            if captures is not None:
                return route.handler(replace(request, params=captures))
        return self._unknown_route(request)

    def _settle(self) -> None:  # noqa: B027 - not every API has work that ends by itself
        """Let what is due happen before a request sees the state."""

    @abstractmethod
    def _authenticate(self, request: Request) -> None: ...

    @abstractmethod
    def _routes(self) -> Iterable[Route]: ...

    @abstractmethod
    def _failure(self, status: int) -> Reply: ...

    @abstractmethod
    def _unknown_route(self, request: Request) -> Reply: ...

    @abstractmethod
    def _standing_headers(self) -> Mapping[str, str]: ...

    @property
    def banner(self) -> str:
        """Name for the Server header."""
        return f"fake-{self.vendor}-api"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], fake: FakeApi) -> None:
        super().__init__(address, _Connection)
        self.fake = fake


class _Connection(BaseHTTPRequestHandler):
    """One client connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.server.fake.running:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        if parts.path.startswith(self.server.fake.prefix):
            reply = self.server.fake.answer(
                Request(
                    method=self.command,
                    path=parts.path.removeprefix(self.server.fake.prefix),
                    query=parse_qs(parts.query, keep_blank_values=True),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    raw=raw,
                )
            )
        else:
            reply = Reply(404, f"this {self.server.fake.banner} answers below {self.server.fake.prefix} only\n")
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        text = reply.body if isinstance(reply.body, str) else "" if reply.body is None else json.dumps(reply.body)
        body = text.encode()
        self.send_response(reply.status)
        if isinstance(reply.body, dict):
            self.send_header("Content-Type", "application/json")
        elif reply.body is not None:
            self.send_header("Content-Type", "text/html")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names are the library's

    def version_string(self) -> str:
        return self.server.fake.banner

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature is the library's
        """Stay quiet: the fake keeps its own log."""
