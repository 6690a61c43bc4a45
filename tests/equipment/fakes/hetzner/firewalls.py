"""Firewalls of the fake Hetzner API."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from flask import Response

from tests.equipment.fakes.hetzner.common import body, free_name, labels, text
from tests.equipment.fakes.hetzner.errors import invalid, refuse
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.http import Handler, Json, now, reply


class Firewalls:
    """The part `/firewalls`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.firewalls

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("POST", "/firewalls", self._create),
            ("GET", "/firewalls/<int:number>", lambda number: reply(200, {"firewall": self._one(number)})),
            ("DELETE", "/firewalls/<int:number>", self._delete),
            ("POST", "/firewalls/<int:number>/actions/set_rules", self._set_rules),
        )

    def _one(self, number: int) -> Json:
        return lookup(self._table, "firewall", number)

    def _create(self) -> Response:
        content = body("name", "labels", "rules")
        name = text(content, "name")
        free_name(self._table.values(), name, "name is already used")
        if len(self._table) >= self._project.state.limits["firewalls"]:
            raise refuse(403, "resource_limit_exceeded", "firewall_limit: the limit of firewalls is reached")
        firewall: Json = {
            "id": self._project.new_id(),
            "name": name,
            "labels": labels(content),
            "created": now(),
            "rules": rules(content),
            "applied_to": [],
        }
        self._table[firewall["id"]] = firewall
        return reply(201, {"firewall": firewall, "actions": []})

    def _delete(self, number: int) -> Response:
        if self._one(number)["applied_to"]:
            raise refuse(409, "resource_in_use", f"firewall with ID {number} is still in use")
        del self._table[number]
        return reply(204)

    def _set_rules(self, number: int) -> Response:
        firewall, content = self._one(number), body("rules")
        if "rules" not in content:
            raise invalid("rules", "Missing data for required field.")
        firewall["rules"] = rules(content)
        mine = ("firewall", number)
        servers = [("server", target["server"]["id"]) for target in firewall["applied_to"]]
        actions = [self._project.action("set_firewall_rules", mine)]
        actions += [self._project.action("apply_firewall", mine, server) for server in servers]
        return reply(201, {"actions": actions})


def attach(firewall: Json, server: Json) -> None:
    """Apply a firewall to a new server."""
    firewall["applied_to"].append({"type": "server", "server": {"id": server["id"]}})
    server["public_net"]["firewalls"].append({"id": firewall["id"], "status": "applied"})


def detach(project: Project, server: int) -> None:
    """Drop a deleted server from every firewall."""
    for firewall in project.state.firewalls.values():
        firewall["applied_to"] = [one for one in firewall["applied_to"] if one["server"]["id"] != server]


def rules(content: Json) -> list[Json]:
    """The rules of a request, complete as the API shows them."""
    given = content.get("rules") or []
    if not isinstance(given, list):
        raise invalid("rules", "Not a valid list.")
    if len(given) > 50:
        raise refuse(403, "resource_limit_exceeded", "firewall_rules_limit: at most 50 rules a firewall")
    return [_rule(rule, f"rules.{index}") for index, rule in enumerate(given)]


def _rule(rule: Json, where: str) -> Json:
    direction, protocol, port = rule.get("direction"), rule.get("protocol"), rule.get("port")
    if direction not in ("in", "out"):
        raise invalid(f"{where}.direction", "Must be one of: in, out.")
    if protocol not in ("tcp", "udp", "icmp", "esp", "gre"):
        raise invalid(f"{where}.protocol", "Must be one of: tcp, udp, icmp, esp, gre.")
    if (protocol in ("tcp", "udp")) != (port is not None):
        raise invalid(f"{where}.port", "is required for tcp and udp, and only for them.")
    if port is not None:
        _check_port(port, f"{where}.port")
    ends = {field: _networks(rule.get(field) or [], f"{where}.{field}") for field in ("source_ips", "destination_ips")}
    needed = "source_ips" if direction == "in" else "destination_ips"
    if not ends[needed]:
        raise invalid(f"{where}.{needed}", f"is required when direction is {direction}.")
    return {"direction": direction, "protocol": protocol, "port": port, "description": rule.get("description"), **ends}


def _check_port(port: Any, field: str) -> None:
    bounds = str(port).split("-")
    if len(bounds) > 2 or not all(one.isdigit() and 1 <= int(one) <= 65535 for one in bounds):
        raise invalid(field, "must be a port or a range of ports between 1 and 65535.")
    if int(bounds[0]) > int(bounds[-1]):
        raise invalid(field, "must be an ascending range.")


def _networks(given: list[str], field: str) -> list[str]:
    for network in given:
        try:
            if "/" not in network:
                raise ValueError("no prefix length")
            ipaddress.ip_network(network)
        except ValueError as error:
            raise invalid(field, f"{network} is not a network in CIDR notation.") from error
    return list(given)
