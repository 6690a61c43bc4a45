"""Private networks of the fake Hetzner API, their subnets, and the servers in them."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from typing import Any

from flask import Response

from tests.equipment.fakes.hetzner.common import body, free_name, labels, listing, text
from tests.equipment.fakes.hetzner.errors import invalid, not_found, refuse, unplayed
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.http import Handler, Json, now, reply

_PRIVATE = tuple(ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SMALLEST_NETWORK = 24
_SMALLEST_SUBNET = 30
_OF_THE_VENDOR = ipaddress.IPv4Address("172.31.1.1")


class Networks:
    """The part `/networks`, and the actions by which servers join and leave one."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.networks

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        network, server = "/networks/<int:number>", "/servers/<int:number>/actions"
        return (
            ("GET", "/networks", lambda: listing("networks", self._table.values())),
            ("POST", "/networks", self._create),
            ("GET", network, lambda number: reply(200, {"network": self._one(number)})),
            ("PUT", network, self._update),
            ("DELETE", network, self._delete),
            ("POST", f"{network}/actions/add_subnet", self._add_subnet),
            ("POST", f"{network}/actions/delete_subnet", self._delete_subnet),
            ("POST", f"{server}/attach_to_network", self._attach),
            ("POST", f"{server}/detach_from_network", self._detach),
        )

    def _one(self, number: int) -> Json:
        return lookup(self._table, "network", number)

    def _idle(self, number: int) -> None:
        """Refuse while something changes the network."""
        mine = {"id": number, "type": "network"}
        if any(one["status"] == "running" and mine in one["resources"] for one in self._project.state.actions.values()):
            raise refuse(409, "conflict", f"network {number} is being changed, please retry")

    def _create(self) -> Response:
        content = body("name", "ip_range", "labels", "expose_routes_to_vswitch")
        name = text(content, "name")
        whole = _range(content, "ip_range")
        if not any(whole.subnet_of(one) for one in _PRIVATE):
            raise invalid("ip_range", "must be one of the private IPv4 ranges of RFC1918.")
        if whole.prefixlen > _SMALLEST_NETWORK:
            raise invalid("ip_range", f"Minimum network size is /{_SMALLEST_NETWORK}.")
        if content.get("expose_routes_to_vswitch"):
            raise unplayed("a network with a vSwitch")
        free_name(self._table.values(), name, "name is already used")
        if len(self._table) >= self._project.state.limits["networks"]:
            raise refuse(403, "resource_limit_exceeded", "network_limit: the limit of networks is reached")
        network: Json = {
            "id": self._project.new_id(),
            "name": name,
            "ip_range": str(whole),
            "subnets": [],
            "routes": [],
            "servers": [],
            "load_balancers": [],
            "protection": {"delete": False},
            "labels": labels(content),
            "created": now(),
            "expose_routes_to_vswitch": False,
        }
        self._table[network["id"]] = network
        return reply(201, {"network": network})

    def _update(self, number: int) -> Response:
        network, content = self._one(number), body("labels")
        if content.get("labels") is not None:
            network["labels"] = labels(content)
        return reply(200, {"network": network})

    def _delete(self, number: int) -> Response:
        # The vendor would take its servers out of it in the background; nobody is to rely on that.
        if self._one(number)["servers"]:
            raise refuse(409, "resource_in_use", f"network with ID {number} still has servers attached")
        self._idle(number)
        del self._table[number]
        return reply(204)

    def _add_subnet(self, number: int) -> Response:
        network, content = self._one(number), body("type", "ip_range", "network_zone")
        kind, zone = text(content, "type"), text(content, "network_zone")
        if kind not in ("cloud", "server", "vswitch"):
            raise invalid("type", "Must be one of: cloud, server, vswitch.")
        if kind != "cloud" or content.get("ip_range") is None:
            raise unplayed("a subnet of another type than cloud, or without a range of its own")
        if zone not in {place["network_zone"] for place in self._project.state.locations}:
            raise invalid("network_zone", f"network zone '{zone}' does not exist.")
        part = _range(content, "ip_range")
        if part.prefixlen > _SMALLEST_SUBNET:
            raise invalid("ip_range", f"Minimum network size is /{_SMALLEST_SUBNET}.")
        whole = ipaddress.IPv4Network(network["ip_range"])
        if not part.subnet_of(whole):
            raise invalid("ip_range", "must be a subnet of the network's ip_range.")
        if any(part.overlaps(ipaddress.IPv4Network(other["ip_range"])) for other in network["subnets"]):
            raise invalid("ip_range", "overlaps with another subnet of the network.")
        self._idle(number)
        subnet = {"type": kind, "ip_range": str(part), "network_zone": zone, "gateway": str(whole[1])}
        # Held from now on: a second request cannot have the same range.
        network["subnets"].append(subnet)
        return reply(201, {"action": self._project.action("add_subnet", ("network", number))})

    def _delete_subnet(self, number: int) -> Response:
        network, content = self._one(number), body("ip_range")
        wanted = str(_range(content, "ip_range"))
        subnet = next((one for one in network["subnets"] if one["ip_range"] == wanted), None)
        if subnet is None:
            raise not_found("subnet", wanted)
        part = ipaddress.IPv4Network(wanted)
        if any(ipaddress.IPv4Address(each["ip"]) in part for each in self._entries(number)):
            raise refuse(422, "service_error", "cannot delete subnet: servers are attached")
        self._idle(number)
        action = self._project.action(
            "delete_subnet", ("network", number), effect=lambda: network["subnets"].remove(subnet)
        )
        return reply(201, {"action": action})

    def _entries(self, network: int) -> list[Json]:
        servers = self._project.state.servers.values()
        return [entry for server in servers for entry in server["private_net"] if entry["network"] == network]

    def _attach(self, number: int) -> Response:
        server = lookup(self._project.state.servers, "server", number)
        content = body("network", "ip", "alias_ips", "ip_range")
        if content.get("alias_ips"):
            raise unplayed("an attachment with alias_ips")
        wanted = content.get("network")
        if wanted not in self._table:
            raise not_found("network", wanted)
        network = self._table[wanted]
        if any(entry["network"] == wanted for entry in server["private_net"]):
            raise refuse(409, "server_already_attached", f"server {number} is already attached to network {wanted}")
        address = self._free(network, server, content.get("ip"), content.get("ip_range"))
        self._idle(wanted)
        mac = f"86:00:{_pairs(secrets.token_hex(4))}"
        entry = {"network": wanted, "ip": str(address), "alias_ips": [], "mac_address": mac}

        def done() -> None:
            server["private_net"].append(entry)
            network["servers"].append(number)

        resources = (("server", number), ("network", wanted))
        action = self._project.action("attach_to_network", *resources, effect=done, locks=number)
        return reply(201, {"action": action})

    def _free(self, network: Json, server: Json, wanted: Any, within: Any) -> ipaddress.IPv4Address:
        """The address that a server gets.

        Raises:
            RefusalError: There is none, or the wanted one is taken or no server's.
        """
        zone = server["location"]["network_zone"]
        parts = [
            ipaddress.IPv4Network(one["ip_range"])
            for one in network["subnets"]
            if one["network_zone"] == zone and within in (None, one["ip_range"])
        ]
        if not parts:
            raise refuse(422, "no_subnet_available", f"network {network['id']} has no subnet in {zone}")
        gateway = ipaddress.IPv4Network(network["ip_range"])[1]
        taken = {ipaddress.IPv4Address(entry["ip"]) for entry in self._entries(network["id"])}
        free = (host for host in parts[-1].hosts() if host not in taken | {gateway, _OF_THE_VENDOR})
        if wanted is None:
            address = next(free, None)
            if address is None:
                raise refuse(409, "ip_not_available", "the subnet has no address left")
            return address
        try:
            given = ipaddress.IPv4Address(wanted)
        except ValueError as error:
            raise invalid("ip", "Not a valid IPv4 address.") from error
        inside = any(given in part and given not in (part[0], part[-1]) for part in parts)
        if not inside or given in taken | {gateway, _OF_THE_VENDOR}:
            raise refuse(409, "ip_not_available", f"IP {given} is not available")
        return given

    def _detach(self, number: int) -> Response:
        server, content = lookup(self._project.state.servers, "server", number), body("network")
        wanted = int(content.get("network") or 0)
        if not any(entry["network"] == wanted for entry in server["private_net"]):
            raise not_found("network", wanted)
        self._idle(wanted)
        action = self._project.action(
            "detach_from_network",
            ("server", number),
            ("network", wanted),
            effect=lambda: leave(self._project, server, wanted),
            locks=number,
        )
        return reply(201, {"action": action})


def leave(project: Project, server: Json, network: int | None = None) -> None:
    """Take a server out of a network, or out of all."""
    server["private_net"] = [one for one in server["private_net"] if network is not None and one["network"] != network]
    for other in project.state.networks.values():
        if network in (None, other["id"]):
            other["servers"] = [one for one in other["servers"] if one != server["id"]]


def _range(content: Json, field: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text(content, field))
    except ValueError as error:
        raise invalid(field, "Not a valid IPv4 network in CIDR notation.") from error


def _pairs(digits: str) -> str:
    return ":".join(digits[index : index + 2] for index in range(0, len(digits), 2))
