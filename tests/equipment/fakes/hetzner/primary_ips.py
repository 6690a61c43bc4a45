"""Primary IPs of the fake Hetzner API."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from tests.equipment.fakes.hetzner.common import body, find, flag, free_name, labels, text
from tests.equipment.fakes.hetzner.errors import invalid, protected, refuse, unplayed
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.http import Handler, Json, now, reply


class PrimaryIps:
    """The part `/primary_ips`, for IPv4."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.primary_ips

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("POST", "/primary_ips", self._create),
            ("GET", "/primary_ips/<int:number>", lambda number: reply(200, {"primary_ip": self._one(number)})),
            ("DELETE", "/primary_ips/<int:number>", self._delete),
            ("POST", "/primary_ips/<int:number>/actions/change_protection", self._protect),
        )

    def _one(self, number: int) -> Json:
        return lookup(self._table, "Primary IP", number)

    def _create(self) -> Response:
        content = body("name", "type", "assignee_type", "auto_delete", "location", "labels")
        name, kind = text(content, "name"), text(content, "type")
        if kind not in ("ipv4", "ipv6"):
            raise invalid("type", "Must be one of: ipv4, ipv6.")
        if content.get("assignee_type", "server") != "server":
            raise invalid("assignee_type", "Must be one of: server.")
        if kind == "ipv6" or flag(content, "auto_delete", False):
            raise unplayed("a Primary IP of type ipv6, or one that goes with its server")
        place = location(self._project, text(content, "location"))
        free_name(self._table.values(), name, "name is already used")
        if len(self._table) >= self._project.state.limits["primary_ips"]:
            raise refuse(403, "resource_limit_exceeded", "primary_ip_limit: the limit of Primary IPs is reached")
        ip = self._project.ipv4(name)
        address: Json = {
            "id": self._project.new_id(),
            "ip": ip,
            "name": name,
            "type": kind,
            "labels": labels(content),
            "protection": {"delete": False},
            "dns_ptr": [
                {"ip": ip, "dns_ptr": f"static.{'.'.join(reversed(ip.split('.')))}.clients.your-server.de"},
            ],
            "assignee_id": None,
            "assignee_type": "server",
            "auto_delete": False,
            "blocked": False,
            "created": now(),
            "location": place,
        }
        self._table[address["id"]] = address
        return reply(201, {"primary_ip": address, "action": None})

    def _delete(self, number: int) -> Response:
        address = self._one(number)
        if address["protection"]["delete"]:
            raise protected(f"Primary IP {number}")
        if address["assignee_id"] is not None:
            server = self._project.state.servers[address["assignee_id"]]
            self._project.unlocked(server["id"])
            if server["status"] != "off":
                raise refuse(422, "server_not_stopped", "the server must be stopped for this")
            server["public_net"]["ipv4"] = None
        del self._table[number]
        return reply(204)

    def _protect(self, number: int) -> Response:
        self._one(number)["protection"]["delete"] = flag(body("delete"), "delete", False)
        return reply(201, {"action": self._project.action("change_protection", ("primary_ip", number))})


def location(project: Project, name: str) -> Json:
    """The location of that id or name."""
    found = find(project.state.locations, name)
    if not found:
        raise invalid("location", f"location '{name}' does not exist.")
    return found[0]


def check_usable(address: Json, place: Json) -> None:
    """Refuse an address that cannot go to a server in that place."""
    if address["assignee_id"] is not None:
        raise refuse(409, "primary_ip_assigned", f"Primary IP {address['id']} is already assigned to a server")
    if address["location"]["name"] != place["name"]:
        raise refuse(
            422, "primary_ip_datacenter_mismatch", f"Primary IP {address['id']} is in {address['location']['name']}"
        )


def bind(address: Json, server: Json) -> None:
    """Give an address to a server."""
    address["assignee_id"] = server["id"]
    shown = {"id": address["id"], "ip": address["ip"], "blocked": False, "dns_ptr": address["dns_ptr"][0]["dns_ptr"]}
    server["public_net"]["ipv4"] = shown
