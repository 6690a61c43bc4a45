"""What every fake API shares: Flask on loopback, a log of requests, faults and a rate limit on demand."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.equipment.fakes.faults import Fault, TokenBucket

Json = dict[str, Any]
Handler = Callable[..., Response]


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A request in the fake's log; the path has no API prefix, and the credentials are not kept."""

    method: str
    path: str
    body: str
    status: int


class RefusalError(Exception):
    """Ends the handling of a request with an error reply."""

    def __init__(self, reply: Response) -> None:
        """Keep the reply for the server."""
        super().__init__(reply.get_data(as_text=True))
        self.reply = reply


def reply(status: int, body: Json | str = "") -> Response:
    """Answer of a handler; a body that is text is sent as it is, as a proxy in front of an API would."""
    if isinstance(body, str):
        return Response(body, status)
    return Response(json.dumps(body), status, mimetype="application/json")


def now() -> str:
    """The time as both vendors write it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class FakeApi(ABC):
    """A fake cloud API on loopback; use it as a context manager. All state is guarded by one lock."""

    vendor: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(self, routes: Iterable[tuple[str, str, Handler]], *, host: str = "127.0.0.1") -> None:
        """Listen on any free port once entered.

        Args:
            routes: method, path without the prefix as Flask writes it, and who answers.
            host: address to listen on.
        """
        self._lock = threading.RLock()
        self._host = host
        self._server: BaseWSGIServer | None = None
        self._log: list[LoggedRequest] = []
        self._faults: list[Fault] = []
        self._bucket: TokenBucket | None = None
        self._app = Flask(__name__)
        self._app.before_request(self._before)
        self._app.after_request(self._after)
        self._app.register_error_handler(RefusalError, lambda refusal: refusal.reply)
        for status in (404, 405):
            self._app.register_error_handler(status, self._unknown)
        for method, path, handler in routes:
            self._app.add_url_rule(
                self.prefix + path,
                endpoint=f"{method} {path}",
                view_func=handler,
                methods=[method],
                provide_automatic_options=False,
            )

    def __enter__(self) -> Self:
        self._server = make_server(self._host, 0, self._serve, threaded=True, request_handler=_Connection)
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"fake {self.vendor}", daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Base address for a client, with the API's own prefix."""
        if self._server is None:
            raise RuntimeError(f"the fake {self.vendor} API is not running: use it in a with statement")
        return f"http://{self._host}:{self._server.server_port}{self.prefix}"

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

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._lock:
            return self._app(environ, start_response)

    def _path(self) -> str:
        return request.path.removeprefix(self.prefix)

    def _before(self) -> Response | None:
        fault = next((one for one in self._faults if one.times > 0 and one.hits(request.method, self._path())), None)
        if fault is not None:
            fault.times -= 1
            failure = self._failure(fault.status)
            if fault.retry_after is not None:
                failure.headers["Retry-After"] = f"{fault.retry_after:g}"
            return failure
        self._authenticate()
        if self._bucket is not None and not self._bucket.take():
            return self._failure(429)
        self._settle()
        return None

    def _after(self, response: Response) -> Response:
        body = request.get_data().decode(errors="replace")
        self._log.append(
            LoggedRequest(method=request.method, path=self._path(), body=body, status=response.status_code)
        )
        response.headers.update(self._standing_headers())
        return response

    def _unknown(self, error: HTTPException) -> Response:
        return self._failure(404 if request.method == "GET" else 501)

    def _settle(self) -> None:  # noqa: B027 - not every API has work that ends by itself
        """Let what is due happen before a request sees the state."""

    @abstractmethod
    def _authenticate(self) -> None: ...

    @abstractmethod
    def _failure(self, status: int) -> Response: ...

    @abstractmethod
    def _standing_headers(self) -> Mapping[str, str]: ...


class _Connection(WSGIRequestHandler):
    """One client connection."""

    disable_nagle_algorithm = True
    timeout = 60

    def version_string(self) -> str:
        """What the Server header says."""
        return "fake-cloud-api"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - signature is the library's
        """Stay quiet: the fake keeps its own log."""
