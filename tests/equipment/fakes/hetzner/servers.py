"""Servers of the fake Hetzner API: create, show, change, delete."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from flask import Response

from tests.equipment.fakes.hetzner.common import body, flag, labels, listing
from tests.equipment.fakes.hetzner.errors import invalid, protected, refuse
from tests.equipment.fakes.hetzner.firewalls import attach, detach
from tests.equipment.fakes.hetzner.networks import leave
from tests.equipment.fakes.hetzner.primary_ips import bind
from tests.equipment.fakes.hetzner.server_input import Order, check_orderable, order, server_type
from tests.equipment.fakes.hetzner.state import Boot, Project, lookup
from tests.equipment.fakes.http import Handler, Json, now, reply


class Servers:
    """The part `/servers`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.servers

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("GET", "/servers", lambda: listing("servers", self._table.values())),
            ("POST", "/servers", self._create),
            ("GET", "/servers/<int:number>", lambda number: reply(200, {"server": self._one(number)})),
            ("PUT", "/servers/<int:number>", self._update),
            ("DELETE", "/servers/<int:number>", self._delete),
            ("POST", "/servers/<int:number>/actions/poweroff", self._power_off),
            ("POST", "/servers/<int:number>/actions/change_type", self._change_type),
            ("POST", "/servers/<int:number>/actions/change_protection", self._protect),
        )

    def _one(self, number: int) -> Json:
        return lookup(self._table, "server", number)

    def _start(self, server: Json, command: str, effect: Callable[[], None]) -> Json:
        number = server["id"]
        return self._project.action(command, ("server", number), effect=effect, locks=number)

    def _create(self) -> Response:
        wanted = order(self._project)
        server = _blank(self._project.new_id(), wanted)
        number = server["id"]
        self._table[number] = server
        self._project.state.boots[number] = Boot(
            user_data=wanted.user_data,
            ssh_keys=tuple(key["public_key"] for key in wanted.ssh_keys),
            image=wanted.image["name"],
        )
        bind(wanted.address, server)
        for firewall in wanted.firewalls:
            attach(firewall, server)
        made = self._start(server, "create_server", lambda: server.update(status="off"))
        started = self._project.action(
            "start_server", ("server", number), effect=lambda: server.update(status="running"), after=made
        )
        password = None if wanted.ssh_keys else secrets.token_urlsafe(12)
        return reply(201, {"server": server, "action": made, "next_actions": [started], "root_password": password})

    def _update(self, number: int) -> Response:
        server, content = self._one(number), body("labels")
        if content.get("labels") is not None:
            server["labels"] = labels(content)
        return reply(200, {"server": server})

    def _delete(self, number: int) -> Response:
        server = self._one(number)
        if server["protection"]["delete"]:
            raise protected(f"server {number}")
        action = self._start(server, "delete_server", lambda: self._gone(server))
        server["status"] = "deleting"
        return reply(200, {"action": action})

    def _gone(self, server: Json) -> None:
        del self._table[server["id"]]
        for address in self._project.state.primary_ips.values():
            if address["assignee_id"] == server["id"]:
                address["assignee_id"] = None
        leave(self._project, server)
        detach(self._project, server["id"])

    def _power_off(self, number: int) -> Response:
        server = self._one(number)
        return reply(201, {"action": self._start(server, "stop_server", lambda: server.update(status="off"))})

    def _change_type(self, number: int) -> Response:
        server, content = self._one(number), body("server_type", "upgrade_disk")
        kind = server_type(self._project.state, content.get("server_type"))
        upgrade = flag(content, "upgrade_disk", True)
        if server["status"] != "off":
            raise refuse(422, "server_not_stopped", "the server must be stopped for this")
        if kind["architecture"] != server["server_type"]["architecture"]:
            raise refuse(422, "invalid_server_type", "the server type has another architecture")
        if kind["disk"] < server["primary_disk_size"]:
            raise refuse(422, "invalid_server_type", "the disk of the server type is too small")
        check_orderable(kind, server["location"]["name"])

        def done() -> None:
            # As the vendor does it: the server starts again by itself.
            server.update(server_type=kind, status="running")
            if upgrade:
                server["primary_disk_size"] = kind["disk"]

        return reply(201, {"action": self._start(server, "change_server_type", done)})

    def _protect(self, number: int) -> Response:
        server, content = self._one(number), body("delete", "rebuild")
        wanted = {name: flag(content, name, server["protection"][name]) for name in ("delete", "rebuild")}
        if wanted["delete"] != wanted["rebuild"]:
            raise invalid("rebuild", "delete and rebuild must have the same value.")
        server["protection"] = wanted
        return reply(201, {"action": self._project.action("change_protection", ("server", number))})


def _blank(number: int, wanted: Order) -> Json:
    return {
        "id": number,
        "name": wanted.name,
        "status": "initializing",
        "created": now(),
        "public_net": {"ipv4": None, "ipv6": None, "floating_ips": [], "firewalls": []},
        "private_net": [],
        "server_type": wanted.server_type,
        "location": wanted.place,
        "image": wanted.image,
        "iso": None,
        "rescue_enabled": False,
        "locked": False,
        "backup_window": None,
        "outgoing_traffic": None,
        "ingoing_traffic": None,
        "included_traffic": 21990232555520,
        "protection": {"delete": False, "rebuild": False},
        "labels": wanted.labels,
        "volumes": [],
        "load_balancers": [],
        "primary_disk_size": wanted.server_type["disk"],
        "placement_group": None,
    }
