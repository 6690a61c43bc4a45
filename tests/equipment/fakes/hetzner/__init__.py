"""A fake of the Hetzner Cloud API v1: one project, kept in memory, on loopback.

It follows the API as of the end of 2026: servers and Primary IPs have a location and no datacenter any more, and
`/datacenters` answers 410.
"""

from __future__ import annotations

import copy
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Self

from tests.equipment.fakes.hetzner.actions import Actions
from tests.equipment.fakes.hetzner.errors import failure, refuse
from tests.equipment.fakes.hetzner.firewalls import Firewalls
from tests.equipment.fakes.hetzner.primary_ips import PrimaryIps
from tests.equipment.fakes.hetzner.read_only import ReadOnly
from tests.equipment.fakes.hetzner.server_actions import ServerActions
from tests.equipment.fakes.hetzner.servers import Servers
from tests.equipment.fakes.hetzner.ssh_keys import SshKeys
from tests.equipment.fakes.hetzner.state import Boot, Project, State
from tests.equipment.fakes.http import FakeApi
from tests.equipment.fakes.messages import Json, Reply, Request, Route

__all__ = ["Boot", "FakeHetzner", "ServerEvent", "State"]

ServerEvent = Literal["created", "powered_on", "powered_off", "rebooted", "rebuilt", "deleted"]
_TICK_SECONDS = 0.02


class FakeHetzner(FakeApi):
    """Fake Hetzner Cloud API; `url` is what a client takes as its endpoint."""

    vendor = "hetzner-cloud"
    prefix = "/v1"

    def __init__(
        self,
        *,
        token: str | None = None,
        addresses: Sequence[str] | None = None,
        on_server: Callable[[ServerEvent, Json], None] | None = None,
        action_seconds: float = 0.2,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Make an empty project.

        Args:
            token: the one valid token; the vendor's provider insists on 64 characters.
            addresses: IPv4 addresses to hand out, such as `["127.0.0.2"]` for a real sshd on loopback.
            on_server: called with the event and the server as the API shows it, one call at a time and outside of any
                request; an error in it is raised when the fake is left.
            action_seconds: how long an action runs.
            host: address to listen on.
            port: port to listen on, 0 for any.
        """
        super().__init__(host=host, port=port)
        self.token = token or "fake" + secrets.token_hex(30)
        self._project = Project(addresses, action_seconds)
        self._on_server = on_server
        self._hook_error: BaseException | None = None
        parts = (ReadOnly, SshKeys, PrimaryIps, Firewalls, Actions, Servers, ServerActions)
        self._table: tuple[Route, ...] = tuple(route for part in parts for route in part(self._project).routes())
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self._ticker = threading.Thread(target=self._tick, name="fake hetzner actions", daemon=True)
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._ticker is not None:
            self._ticker.join(timeout=30)
        if self._hook_error is not None and error is None:
            raise self._hook_error

    @property
    def state(self) -> State:
        """A copy of the project as it is now."""
        with self._lock:
            self._settle()
            return copy.deepcopy(self._project.state)

    @contextmanager
    def edit(self) -> Iterator[State]:
        """The project itself, to change what the API cannot: types on sale, limits."""
        with self._lock:
            self._settle()
            yield self._project.state

    def delay_actions(self, seconds: float) -> None:
        """Let every action that starts from now on run that long."""
        with self._lock:
            self._project.action_seconds = seconds

    def fail_action(self, command: str, code: str = "action_failed", message: str = "Action failed") -> None:
        """Let the next action of that command (such as `start_server`) end in an error."""
        with self._lock:
            self._project.fail_action(command, code, message)

    def _tick(self) -> None:
        running = True
        while running:
            running = self.running  # asked first: what happened before the end is still told
            with self._lock:
                self._project.settle()
                events = [(event, copy.deepcopy(server)) for event, server in self._project.events]
                self._project.events.clear()
            for event, server in events:
                self._tell(event, server)
            time.sleep(_TICK_SECONDS)

    def _tell(self, event: str, server: Json) -> None:
        if self._on_server is None:
            return
        try:
            self._on_server(event, server)  # type: ignore[arg-type]  # the events are ours
        except Exception as error:  # noqa: BLE001 - kept for the test that owns the fake
            self._hook_error = self._hook_error or error

    def _settle(self) -> None:
        self._project.settle()

    def _authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise refuse(401, "unauthorized", "unable to authenticate")

    def _routes(self) -> Iterable[Route]:
        return self._table

    def _failure(self, status: int) -> Reply:
        return failure(status)

    def _unknown_route(self, request: Request) -> Reply:
        if request.method == "GET":
            return failure(404)
        return failure(501)

    def _standing_headers(self) -> Mapping[str, str]:
        bucket = self._bucket
        limit, left, full = (
            (3600, 3600, int(time.time()))
            if bucket is None
            else (
                bucket.limit,
                bucket.remaining,
                bucket.full_at,
            )
        )
        return {
            "X-Correlation-Id": secrets.token_hex(8),
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(full),
        }
