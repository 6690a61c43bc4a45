"""A fake of the Hetzner Cloud API v1: one project, kept in memory, on loopback.

It plays what the vendor's Pulumi provider asks for servers with a key, an address, a firewall and a private network, as
the API is at the end of 2026; any other path, field or parameter is refused with 501, so that nothing is silently left
out.
"""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from flask import Response, request

from tests.equipment.fakes.hetzner.errors import failure, refuse
from tests.equipment.fakes.hetzner.firewalls import Firewalls
from tests.equipment.fakes.hetzner.networks import Networks
from tests.equipment.fakes.hetzner.primary_ips import PrimaryIps
from tests.equipment.fakes.hetzner.read_only import ReadOnly
from tests.equipment.fakes.hetzner.servers import Servers
from tests.equipment.fakes.hetzner.ssh_keys import SshKeys
from tests.equipment.fakes.hetzner.state import Boot, Project, State
from tests.equipment.fakes.http import FakeApi

__all__ = ["Boot", "FakeHetzner", "State"]


class FakeHetzner(FakeApi):
    """Fake Hetzner Cloud API; `url` is what a client takes as its endpoint."""

    vendor = "hetzner-cloud"
    prefix = "/v1"

    def __init__(
        self, *, addresses: Sequence[str] | Mapping[str, str] | None = None, action_seconds: float = 0.2
    ) -> None:
        """Make an empty project.

        Args:
            addresses: IPv4 addresses to hand out, such as `["127.0.0.2"]` for a real sshd on loopback; or name of a
                Primary IP → its address.
            action_seconds: how long an action runs.
        """
        self._project = Project(addresses, action_seconds)
        parts = (ReadOnly, SshKeys, PrimaryIps, Firewalls, Networks, Servers)
        super().__init__(route for part in parts for route in part(self._project).routes())
        # The vendor's provider insists on 64 characters.
        self.token = "fake" + secrets.token_hex(30)

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

    def fail_action(self, command: str, code: str = "action_failed", message: str = "Action failed") -> None:
        """Let the next action of that command (such as `start_server`) end in an error."""
        with self._lock:
            self._project.fail_action(command, code, message)

    def _settle(self) -> None:
        self._project.settle()

    def _authenticate(self) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise refuse(401, "unauthorized", "unable to authenticate")

    def _failure(self, status: int) -> Response:
        return failure(status)

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
