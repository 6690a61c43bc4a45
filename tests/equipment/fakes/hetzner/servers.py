"""Servers of the fake Hetzner API: create, show, change, delete."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from tests.equipment.fakes.hetzner.common import body, labels, listing, text
from tests.equipment.fakes.hetzner.errors import protected
from tests.equipment.fakes.hetzner.firewalls import attach, forget_server, show
from tests.equipment.fakes.hetzner.primary_ips import bind, new_primary_ip, release
from tests.equipment.fakes.hetzner.server_input import Order, host_name, order
from tests.equipment.fakes.hetzner.state import Boot, Project, lookup
from tests.equipment.fakes.messages import Json, Reply, Request, Route, now


class Servers:
    """The part `/servers` without the actions."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.servers

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        return (
            Route("GET", "/servers", self._list),
            Route("POST", "/servers", self._create),
            Route("GET", "/servers/{id}", lambda request: Reply(200, {"server": self._one(request)})),
            Route("PUT", "/servers/{id}", self._update),
            Route("DELETE", "/servers/{id}", self._delete),
        )

    def _one(self, request: Request) -> Json:
        return lookup(self._table, "server", request.params["id"])

    def _list(self, request: Request) -> Reply:
        return listing(request, "servers", self._table.values(), ("name", "status"))

    def _create(self, request: Request) -> Reply:
        wanted = order(self._project, request)
        server = _blank(self._project.new_id(), wanted)
        number = server["id"]
        for kind, given in wanted.addresses.items():
            address = given or new_primary_ip(
                self._project, f"primary_ip-{number}-{kind}", kind, wanted.place, {}, auto_delete=True
            )
            bind(address, server)
        self._table[number] = server
        self._project.state.boots[number] = Boot(
            user_data=wanted.user_data,
            ssh_keys=tuple(key["public_key"] for key in wanted.ssh_keys),
            image=wanted.image["name"],
        )
        for firewall in wanted.firewalls:
            attach(self._project, firewall, {"type": "server", "server": {"id": number}})
        show(self._project)
        mine = ("server", number)
        made = self._project.action("create_server", mine, effect=lambda: self._made(server), locks=number)
        following: list[Json] = []
        if wanted.start:
            following = [self._project.action("start_server", mine, effect=lambda: self._booted(server), after=made)]
        password = None if wanted.ssh_keys else secrets.token_urlsafe(12)
        return Reply(201, {"server": server, "action": made, "next_actions": following, "root_password": password})

    def _made(self, server: Json) -> None:
        server["status"] = "off"
        self._project.events.append(("created", server))

    def _booted(self, server: Json) -> None:
        server["status"] = "running"
        self._project.events.append(("powered_on", server))

    def _update(self, request: Request) -> Reply:
        server, content = self._one(request), body(request)
        if content.get("name") is not None:
            server["name"] = host_name(self._project.state, text(content, "name"), own=server["id"])
        if content.get("labels") is not None:
            server["labels"] = labels(content)
            show(self._project)
        return Reply(200, {"server": server})

    def _delete(self, request: Request) -> Reply:
        server = self._one(request)
        if server["protection"]["delete"]:
            raise protected(f"server {server['id']}")
        action = self._project.action(
            "delete_server", ("server", server["id"]), effect=lambda: self._gone(server), locks=server["id"]
        )
        server["status"] = "deleting"
        return Reply(200, {"action": action})

    def _gone(self, server: Json) -> None:
        del self._table[server["id"]]
        self._project.events.append(("deleted", dict(server, public_net=dict(server["public_net"]))))
        for address in list(self._project.state.primary_ips.values()):
            if address["assignee_id"] == server["id"]:
                release(address, server)
                if address["auto_delete"]:
                    del self._project.state.primary_ips[address["id"]]
        forget_server(self._project, server["id"])


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
