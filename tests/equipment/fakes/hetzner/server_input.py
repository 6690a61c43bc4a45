"""What the fake Hetzner API checks before it makes a server."""

from __future__ import annotations

import re
import time
from calendar import timegm
from dataclasses import dataclass
from typing import Any

from tests.equipment.fakes.hetzner.common import body, flag, free_name, labels, text
from tests.equipment.fakes.hetzner.errors import invalid, not_found, refuse
from tests.equipment.fakes.hetzner.primary_ips import check_usable
from tests.equipment.fakes.hetzner.state import Project, State
from tests.equipment.fakes.messages import Json, Request

_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9A-Z]([a-z0-9A-Z-]{0,61}[a-z0-9A-Z])?(\.[a-z0-9A-Z]([a-z0-9A-Z-]{0,61}[a-z0-9A-Z])?)*"
)
USER_DATA_LIMIT = 32 * 1024


@dataclass(frozen=True, kw_only=True)
class Order:
    """A checked order of a server."""

    name: str
    server_type: Json
    image: Json
    place: Json
    labels: dict[str, str]
    user_data: str
    ssh_keys: list[Json]
    firewalls: list[Json]
    start: bool
    addresses: dict[str, Json | None]
    """By version of the address that it shall have: a given Primary IP, or None for a new one."""


def order(project: Project, request: Request) -> Order:
    """Check the request for a new server.

    Raises:
        RefusalError: in the vendor's form.
    """
    state, content = project.state, body(request)
    if len(state.servers) >= state.limits["servers"]:
        raise refuse(403, "resource_limit_exceeded", "server_limit: the limit of servers is reached")
    name = host_name(state, text(content, "name"))
    kind = server_type(state, content.get("server_type"))
    place = _location(state, content, kind)
    check_orderable(kind, place["name"])
    user_data = content.get("user_data") or ""
    if len(user_data.encode()) > USER_DATA_LIMIT:
        raise invalid("user_data", "Longer than maximum length 32768.")
    for field in ("networks", "volumes"):
        if content.get(field):
            raise not_found(field.removesuffix("s"), content[field][0])
    if content.get("placement_group"):
        raise not_found("placement group", content["placement_group"])
    return Order(
        name=name,
        server_type=kind,
        image=image(state, content.get("image"), kind["architecture"]),
        place=place,
        labels=labels(content),
        user_data=user_data,
        ssh_keys=[_ssh_key(state, wanted) for wanted in content.get("ssh_keys") or []],
        firewalls=[_firewall(state, entry) for entry in content.get("firewalls") or []],
        start=flag(content, "start_after_create", True),
        addresses=_addresses(state, content.get("public_net") or {}, place),
    )


def host_name(state: State, name: str, own: int | None = None) -> str:
    """Check a server's name."""
    if not _HOST_NAME.fullmatch(name):
        raise invalid("name", "is not a valid hostname (RFC 1123).")
    free_name(state.servers.values(), name, "server name is already used", own=own)
    return name


def _find(rows: list[Json], wanted: Any) -> list[Json]:
    return [row for row in rows if str(wanted) in (str(row["id"]), row["name"])]


def server_type(state: State, wanted: Any) -> Json:
    """The server type of that id or name."""
    if wanted is None:
        raise invalid("server_type", "Missing data for required field.")
    found = _find(state.server_types, wanted)
    if not found:
        raise invalid("server_type", f"server type '{wanted}' does not exist.")
    return found[0]


def image(state: State, wanted: Any, architecture: str) -> Json:
    """The image of that id or name for an architecture."""
    if wanted is None:
        raise invalid("image", "Missing data for required field.")
    found = [row for row in _find(state.images, wanted) if row["architecture"] == architecture]
    if not found:
        raise invalid("image", f"image '{wanted}' does not exist for architecture {architecture}.")
    return found[0]


def _location(state: State, content: Json, kind: Json) -> Json:
    if "datacenter" in content:
        raise invalid("datacenter", "Unknown field.")
    wanted = content.get("location") or kind["locations"][0]["name"]
    found = _find(state.locations, wanted)
    if not found:
        raise invalid("location", f"location '{wanted}' does not exist.")
    return found[0]


def check_orderable(kind: Json, place: str) -> None:
    """Refuse a type that is not sold in that place, or no longer."""
    offer = next((one for one in kind["locations"] if one["name"] == place), None)
    if offer is None:
        raise refuse(422, "invalid_input", "unsupported location for server type")
    end = offer["deprecation"] or kind["deprecation"]
    if end is not None and timegm(time.strptime(end["unavailable_after"], "%Y-%m-%dT%H:%M:%SZ")) < time.time():
        raise refuse(422, "invalid_server_type", f"server type {kind['name']} is deprecated and cannot be ordered")


def _ssh_key(state: State, wanted: Any) -> Json:
    found = _find(list(state.ssh_keys.values()), wanted)
    if not found:
        raise not_found("SSH key", wanted)
    return found[0]


def _firewall(state: State, entry: Json) -> Json:
    found = state.firewalls.get(entry.get("firewall", 0))
    if found is None:
        raise not_found("firewall", entry.get("firewall"))
    return found


def _addresses(state: State, public_net: Json, place: Json) -> dict[str, Json | None]:
    wanted: dict[str, Json | None] = {}
    for kind in ("ipv4", "ipv6"):
        number = public_net.get(kind)
        if not flag(public_net, f"enable_{kind}", True):
            if number:
                raise invalid(f"public_net.{kind}", f"needs enable_{kind}.")
            continue
        address = state.primary_ips.get(number) if number else None
        if number and address is None:
            raise not_found("Primary IP", number)
        if address is not None:
            check_usable(address, kind, place)
        wanted[kind] = address
    if not wanted:
        raise invalid("public_net", "a server without public addresses needs a network.")
    return wanted
