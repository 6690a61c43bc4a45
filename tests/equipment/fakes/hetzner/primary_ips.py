"""Primary IPs of the fake Hetzner API."""

from __future__ import annotations

from collections.abc import Iterable

from tests.equipment.fakes.hetzner.common import body, flag, free_name, labels, listing, text
from tests.equipment.fakes.hetzner.errors import invalid, not_found, protected, refuse
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.messages import Json, Reply, Request, Route, now


class PrimaryIps:
    """The part `/primary_ips`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.primary_ips

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        return (
            Route("GET", "/primary_ips", self._list),
            Route("POST", "/primary_ips", self._create),
            Route("GET", "/primary_ips/{id}", lambda request: Reply(200, {"primary_ip": self._one(request)})),
            Route("PUT", "/primary_ips/{id}", self._update),
            Route("DELETE", "/primary_ips/{id}", self._delete),
            Route("POST", "/primary_ips/{id}/actions/assign", self._assign),
            Route("POST", "/primary_ips/{id}/actions/unassign", self._unassign),
            Route("POST", "/primary_ips/{id}/actions/change_protection", self._protect),
            Route("POST", "/primary_ips/{id}/actions/change_dns_ptr", self._rename_reverse),
        )

    def _one(self, request: Request) -> Json:
        return lookup(self._table, "Primary IP", request.params["id"])

    def _list(self, request: Request) -> Reply:
        return listing(request, "primary_ips", self._table.values(), ("name", "ip"))

    def _create(self, request: Request) -> Reply:
        content = body(request)
        name, kind = text(content, "name"), text(content, "type")
        if kind not in ("ipv4", "ipv6"):
            raise invalid("type", "Must be one of: ipv4, ipv6.")
        if content.get("assignee_type", "server") != "server":
            raise invalid("assignee_type", "Must be one of: server.")
        assignee = content.get("assignee_id")
        if (assignee is None) == (content.get("location") is None):
            raise invalid("location", "exactly one of assignee_id and location is required.")
        server = None if assignee is None else lookup(self._project.state.servers, "server", str(assignee))
        if server is not None:
            self._check_stopped(server)
            self._check_vacant(server, kind)
        place = self._location(str(content["location"])) if server is None else server["location"]
        address = new_primary_ip(
            self._project, name, kind, place, labels(content), auto_delete=flag(content, "auto_delete", False)
        )
        action = None if server is None else self._bind(address, server)
        return Reply(201, {"primary_ip": address, "action": action})

    def _location(self, name: str) -> Json:
        for place in self._project.state.locations:
            if name in (place["name"], str(place["id"])):
                return place
        raise invalid("location", f"location '{name}' does not exist.")

    def _update(self, request: Request) -> Reply:
        address, content = self._one(request), body(request)
        if content.get("name") is not None:
            free_name(self._table.values(), text(content, "name"), "name is already used", own=address["id"])
            address["name"] = content["name"]
        if content.get("labels") is not None:
            address["labels"] = labels(content)
        address["auto_delete"] = flag(content, "auto_delete", address["auto_delete"])
        return Reply(200, {"primary_ip": address})

    def _delete(self, request: Request) -> Reply:
        address = self._one(request)
        if address["protection"]["delete"]:
            raise protected(f"Primary IP {address['id']}")
        if address["assignee_id"] is not None:
            server = self._project.state.servers[address["assignee_id"]]
            self._check_stopped(server)
            release(address, server)
        del self._table[address["id"]]
        return Reply(204)

    def _assign(self, request: Request) -> Reply:
        address, content = self._one(request), body(request)
        server = self._project.state.servers.get(content.get("assignee_id", 0))
        if server is None:
            raise not_found("server", content.get("assignee_id"))
        check_usable(address, address["type"], server["location"])
        self._check_stopped(server)
        self._check_vacant(server, address["type"])
        return Reply(201, {"action": self._bind(address, server)})

    def _bind(self, address: Json, server: Json) -> Json:
        bind(address, server)
        return self._project.action("assign_primary_ip", ("primary_ip", address["id"]), ("server", server["id"]))

    def _unassign(self, request: Request) -> Reply:
        address = self._one(request)
        if address["assignee_id"] is None:
            raise refuse(422, "primary_ip_not_assigned", f"Primary IP {address['id']} is not assigned")
        server = self._project.state.servers[address["assignee_id"]]
        self._check_stopped(server)
        release(address, server)
        action = self._project.action("unassign_primary_ip", ("primary_ip", address["id"]), ("server", server["id"]))
        return Reply(201, {"action": action})

    def _check_stopped(self, server: Json) -> None:
        self._project.unlocked(server["id"])
        if server["status"] != "off":
            raise refuse(422, "server_not_stopped", "the server must be stopped for this")

    def _check_vacant(self, server: Json, kind: str) -> None:
        if server["public_net"][kind] is not None:
            raise refuse(422, f"server_has_{kind}", f"the server already has an {kind} address")

    def _protect(self, request: Request) -> Reply:
        address = self._one(request)
        address["protection"]["delete"] = flag(body(request), "delete", False)
        return Reply(201, {"action": self._project.action("change_protection", ("primary_ip", address["id"]))})

    def _rename_reverse(self, request: Request) -> Reply:
        address, content = self._one(request), body(request)
        name = content.get("dns_ptr") or reverse_name(address["ip"])
        address["dns_ptr"] = [{"ip": text(content, "ip"), "dns_ptr": name}]
        return Reply(201, {"action": self._project.action("change_dns_ptr", ("primary_ip", address["id"]))})


def new_primary_ip(
    project: Project, name: str, kind: str, place: Json, tags: dict[str, str], *, auto_delete: bool
) -> Json:
    """Make an unassigned address."""
    table = project.state.primary_ips
    free_name(table.values(), name, "name is already used")
    if len(table) >= project.state.limits["primary_ips"]:
        raise refuse(403, "resource_limit_exceeded", "primary_ip_limit: the limit of Primary IPs is reached")
    ip = project.ipv4() if kind == "ipv4" else project.ipv6()
    address: Json = {
        "id": project.new_id(),
        "ip": ip,
        "name": name,
        "type": kind,
        "labels": tags,
        "protection": {"delete": False},
        "dns_ptr": [{"ip": ip, "dns_ptr": reverse_name(ip)}] if kind == "ipv4" else [],
        "assignee_id": None,
        "assignee_type": "server",
        "auto_delete": auto_delete,
        "blocked": False,
        "created": now(),
        "location": place,
    }
    table[address["id"]] = address
    return address


def check_usable(address: Json, kind: str, place: Json) -> None:
    """Refuse an address that cannot go to a server in that place."""
    if address["assignee_id"] is not None:
        raise refuse(409, "primary_ip_assigned", f"Primary IP {address['id']} is already assigned to a server")
    if address["type"] != kind:
        raise refuse(422, "primary_ip_version_mismatch", f"Primary IP {address['id']} is not of type {kind}")
    if address["location"]["name"] != place["name"]:
        raise refuse(
            422, "primary_ip_datacenter_mismatch", f"Primary IP {address['id']} is in {address['location']['name']}"
        )


def bind(address: Json, server: Json) -> None:
    """Give an address to a server."""
    address["assignee_id"] = server["id"]
    shown = {"id": address["id"], "ip": address["ip"], "blocked": False, "dns_ptr": []}
    if address["type"] == "ipv4":
        shown["dns_ptr"] = address["dns_ptr"][0]["dns_ptr"]
    server["public_net"][address["type"]] = shown


def release(address: Json, server: Json) -> None:
    """Take an address from a server."""
    address["assignee_id"] = None
    server["public_net"][address["type"]] = None


def reverse_name(ip: str) -> str:
    """Reverse DNS name as the vendor gives it."""
    return f"static.{'.'.join(reversed(ip.split('.')))}.clients.your-server.de"
