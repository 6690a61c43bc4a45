"""What a Hetzner project holds, and the clock of its actions."""

from __future__ import annotations

import ipaddress
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.equipment.fakes.hetzner import catalog
from tests.equipment.fakes.hetzner.errors import locked, not_found
from tests.equipment.fakes.http import Json, now

Table = dict[int, Json]


@dataclass(frozen=True, kw_only=True)
class Boot:
    """What a server was given for its first boot; the API itself never tells it again."""

    user_data: str
    ssh_keys: tuple[str, ...]
    image: str


@dataclass
class State:
    """A project. Tables map ids to the JSON objects that the API shows."""

    ssh_keys: Table = field(default_factory=dict)
    primary_ips: Table = field(default_factory=dict)
    firewalls: Table = field(default_factory=dict)
    networks: Table = field(default_factory=dict)
    servers: Table = field(default_factory=dict)
    actions: Table = field(default_factory=dict)
    boots: dict[int, Boot] = field(default_factory=dict)
    locations: list[Json] = field(default_factory=catalog.locations)
    server_types: list[Json] = field(default_factory=catalog.server_types)
    images: list[Json] = field(default_factory=catalog.images)
    limits: dict[str, int] = field(
        default_factory=lambda: {"servers": 10, "primary_ips": 10, "firewalls": 50, "networks": 50}
    )

    @property
    def empty(self) -> bool:
        """Whether the project holds nothing that costs or clutters."""
        return not (self.ssh_keys or self.primary_ips or self.firewalls or self.networks or self.servers)

    def server(self, name: str) -> Json:
        """The server of that name.

        Raises:
            KeyError: there is none.
        """
        for server in self.servers.values():
            if server["name"] == name:
                return server
        raise KeyError(f"no server {name!r} in the fake; there are {[one['name'] for one in self.servers.values()]}")


@dataclass
class _Running:
    """When an action began and ends (monotonic seconds), and what it then brings about."""

    began: float
    ends: float
    effect: Callable[[], None] | None
    locks: int | None


class Project:
    """State with everything that changes by itself: ids, addresses, actions. The caller holds the API's lock."""

    def __init__(self, addresses: Sequence[str] | Mapping[str, str] | None, action_seconds: float) -> None:
        """Take the IPv4 addresses to hand out (default: for documentation) and how long an action lasts."""
        self.state = State()
        self.action_seconds = action_seconds
        self._ids = itertools.count(4711001)
        self._pool = addresses or [str(host) for host in ipaddress.ip_network("203.0.113.0/24").hosts()]
        self._running: dict[int, _Running] = {}
        self._failing: list[tuple[str, str, str]] = []

    def new_id(self) -> int:
        """An id that was never used."""
        return next(self._ids)

    def ipv4(self, name: str) -> str:
        """A free IPv4 address, that of the Primary IP's name where each has its own."""
        if isinstance(self._pool, Mapping):
            return self._pool[name]
        taken = {ip["ip"] for ip in self.state.primary_ips.values()}
        for address in self._pool:
            if address not in taken:
                return address
        raise RuntimeError("the fake Hetzner API has no IPv4 address left: give it more")

    def fail_action(self, command: str, code: str, message: str) -> None:
        """Let the next action of that command end in an error."""
        self._failing.append((command, code, message))

    def action(
        self,
        command: str,
        *resources: tuple[str, int],
        effect: Callable[[], None] | None = None,
        locks: int | None = None,
        after: Json | None = None,
    ) -> Json:
        """Start an action; its effect happens when it ends.

        Args:
            command: name, as the vendor spells it.
            resources: type and id of what it works on.
            effect: called once at the end, not after an error.
            locks: server that takes no other action meanwhile.
            after: action that has to end first.
        """
        if locks is not None:
            self.unlocked(locks)
            self.state.servers[locks]["locked"] = True
        began = time.monotonic() if after is None else self._running[after["id"]].ends
        action: Json = {
            "id": self.new_id(),
            "command": command,
            "status": "running",
            "progress": 0,
            "started": now(),
            "finished": None,
            "resources": [{"id": number, "type": kind} for kind, number in resources],
            "error": None,
        }
        self.state.actions[action["id"]] = action
        self._running[action["id"]] = _Running(began, began + self.action_seconds, effect, locks)
        return dict(action)

    def unlocked(self, server: int) -> None:
        """Refuse when an action is running on the server."""
        if any(running.locks == server for running in self._running.values()):
            raise locked(f"server {server}")

    def settle(self) -> None:
        """Move every running action on to the present."""
        instant = time.monotonic()
        for number, running in sorted(self._running.items(), key=lambda item: item[1].ends):
            action = self.state.actions[number]
            if instant < running.ends:
                done = max(0.0, instant - running.began) / max(1e-6, running.ends - running.began)
                action["progress"] = int(100 * done)
                continue
            del self._running[number]
            self._finish(action, running)

    def _finish(self, action: Json, running: _Running) -> None:
        action["finished"] = now()
        fault = next((one for one in self._failing if one[0] == action["command"]), None)
        if running.locks in self.state.servers:
            still = any(other.locks == running.locks for other in self._running.values())
            self.state.servers[running.locks]["locked"] = still
        if fault is not None:
            self._failing.remove(fault)
            action.update(status="error", error={"code": fault[1], "message": fault[2]})
            return
        action.update(status="success", progress=100)
        if running.effect is not None:
            running.effect()


def lookup(table: Table, kind: str, number: int) -> Json:
    """Entry of a table by the id in a path.

    Raises:
        RefusalError: 404, there is none.
    """
    if number not in table:
        raise not_found(kind, number)
    return table[number]
