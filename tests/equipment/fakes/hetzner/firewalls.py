"""Firewalls of the fake Hetzner API."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from tests.equipment.fakes.hetzner.common import body, free_name, labels, listing, selects, text
from tests.equipment.fakes.hetzner.errors import invalid, refuse
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.messages import Json, Reply, Request, Route, now

_TAKEN = "name is already used"


class Firewalls:
    """The part `/firewalls`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.firewalls

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        return (
            Route("GET", "/firewalls", self._list),
            Route("POST", "/firewalls", self._create),
            Route("GET", "/firewalls/{id}", lambda request: Reply(200, {"firewall": self._one(request)})),
            Route("PUT", "/firewalls/{id}", self._update),
            Route("DELETE", "/firewalls/{id}", self._delete),
            Route("POST", "/firewalls/{id}/actions/set_rules", self._set_rules),
            Route("POST", "/firewalls/{id}/actions/apply_to_resources", self._apply),
            Route("POST", "/firewalls/{id}/actions/remove_from_resources", self._remove),
        )

    def _one(self, request: Request) -> Json:
        return lookup(self._table, "firewall", request.params["id"])

    def _list(self, request: Request) -> Reply:
        return listing(request, "firewalls", self._table.values())

    def _create(self, request: Request) -> Reply:
        content = body(request)
        name = text(content, "name")
        free_name(self._table.values(), name, _TAKEN)
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
        targets = self._targets(content.get("apply_to") or [], "apply_to")
        self._table[firewall["id"]] = firewall
        return Reply(201, {"firewall": firewall, "actions": [self._attach(firewall, one) for one in targets]})

    def _update(self, request: Request) -> Reply:
        firewall, content = self._one(request), body(request)
        if content.get("name") is not None:
            free_name(self._table.values(), text(content, "name"), _TAKEN, own=firewall["id"])
            firewall["name"] = content["name"]
        if content.get("labels") is not None:
            firewall["labels"] = labels(content)
        return Reply(200, {"firewall": firewall})

    def _delete(self, request: Request) -> Reply:
        firewall = self._one(request)
        if firewall["applied_to"]:
            raise refuse(409, "resource_in_use", f"firewall with ID {firewall['id']} is still in use")
        del self._table[firewall["id"]]
        return Reply(204)

    def _set_rules(self, request: Request) -> Reply:
        firewall = self._one(request)
        content = body(request)
        if "rules" not in content:
            raise invalid("rules", "Missing data for required field.")
        firewall["rules"] = rules(content)
        mine = ("firewall", firewall["id"])
        actions = [self._project.action("set_firewall_rules", mine)]
        actions += [
            self._project.action("apply_firewall", mine, ("server", one)) for one in servers_of(self._project, firewall)
        ]
        return Reply(201, {"actions": actions})

    def _targets(self, given: Any, field: str) -> list[Json]:
        if not isinstance(given, list):
            raise invalid(field, "Not a valid list.")
        for target in given:
            if target.get("type") == "server" and target.get("server", {}).get("id") in self._project.state.servers:
                continue
            if target.get("type") == "label_selector" and target.get("label_selector", {}).get("selector"):
                continue
            raise refuse(404, "firewall_resource_not_found", f"no resource for {target} in '{field}'")
        return given

    def _apply(self, request: Request) -> Reply:
        firewall = self._one(request)
        targets = self._targets(body(request).get("apply_to"), "apply_to")
        for target in targets:
            if any(same(target, one) for one in firewall["applied_to"]):
                raise refuse(409, "firewall_already_applied", f"firewall {firewall['id']} is already applied there")
        return Reply(201, {"actions": [self._attach(firewall, target) for target in targets]})

    def _attach(self, firewall: Json, target: Json) -> Json:
        attach(self._project, firewall, target)
        return self._action("apply_firewall", firewall, target)

    def _action(self, command: str, firewall: Json, target: Json) -> Json:
        servers = [("server", target["server"]["id"])] if target["type"] == "server" else []
        return self._project.action(command, ("firewall", firewall["id"]), *servers)

    def _remove(self, request: Request) -> Reply:
        firewall = self._one(request)
        actions = []
        for target in self._targets(body(request).get("remove_from"), "remove_from"):
            firewall["applied_to"] = [one for one in firewall["applied_to"] if not same(target, one)]
            actions.append(self._action("remove_firewall", firewall, target))
        show(self._project)
        return Reply(201, {"actions": actions})


def same(target: Json, other: Json) -> bool:
    """Whether two entries of applied_to mean the same."""
    kind = target["type"]
    return bool(kind == other["type"] and target[kind] == other[kind])


def attach(project: Project, firewall: Json, target: Json) -> None:
    """Apply a firewall; an already applied one stays as it is."""
    if not any(same(target, one) for one in firewall["applied_to"]):
        kind = target["type"]
        firewall["applied_to"].append({"type": kind, kind: dict(target[kind])})
    show(project)


def servers_of(project: Project, firewall: Json) -> list[int]:
    """Ids of the servers that a firewall protects, by itself or by label."""
    found: list[int] = []
    for target in firewall["applied_to"]:
        if target["type"] == "server":
            found.append(target["server"]["id"])
            continue
        selector = target["label_selector"]["selector"]
        chosen = [one["id"] for one in project.state.servers.values() if selects(selector, one["labels"])]
        target["applied_to_resources"] = [{"type": "server", "server": {"id": number}} for number in chosen]
        found += chosen
    return list(dict.fromkeys(found))


def show(project: Project) -> None:
    """Let every server list its firewalls."""
    applied = {number: servers_of(project, firewall) for number, firewall in project.state.firewalls.items()}
    for server in project.state.servers.values():
        server["public_net"]["firewalls"] = [
            {"id": number, "status": "applied"} for number, servers in applied.items() if server["id"] in servers
        ]


def forget_server(project: Project, server: int) -> None:
    """Drop a deleted server from every firewall."""
    for firewall in project.state.firewalls.values():
        firewall["applied_to"] = [
            one for one in firewall["applied_to"] if one["type"] != "server" or one["server"]["id"] != server
        ]
    show(project)


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
