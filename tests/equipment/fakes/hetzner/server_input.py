"""What the fake Hetzner API checks before it makes a server."""

from __future__ import annotations

import re
import time
from calendar import timegm
from dataclasses import dataclass
from typing import Any

from tests.equipment.fakes.hetzner.common import body, find, flag, free_name, labels, text
from tests.equipment.fakes.hetzner.errors import invalid, not_found, refuse, unplayed
from tests.equipment.fakes.hetzner.primary_ips import check_usable, location
from tests.equipment.fakes.hetzner.state import Project, State
from tests.equipment.fakes.http import Json

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
    address: Json


_FIELDS = (
    "name",
    "server_type",
    "image",
    "location",
    "ssh_keys",
    "firewalls",
    "public_net",
    "user_data",
    "labels",
    "start_after_create",
)


def order(project: Project) -> Order:
    """Check the request for a new server.

    Raises:
        RefusalError: in the vendor's form.
    """
    state, content = project.state, body(*_FIELDS)
    if len(state.servers) >= state.limits["servers"]:
        raise refuse(403, "resource_limit_exceeded", "server_limit: the limit of servers is reached")
    name = text(content, "name")
    if not _HOST_NAME.fullmatch(name):
        raise invalid("name", "is not a valid hostname (RFC 1123).")
    free_name(state.servers.values(), name, "server name is already used")
    kind = server_type(state, content.get("server_type"))
    place = location(project, text(content, "location"))
    check_orderable(kind, place["name"])
    user_data = content.get("user_data") or ""
    if len(user_data.encode()) > USER_DATA_LIMIT:
        raise invalid("user_data", "Longer than maximum length 32768.")
    if not flag(content, "start_after_create", True):
        raise unplayed("a server that is not started")
    return Order(
        name=name,
        server_type=kind,
        image=_image(state, content.get("image"), kind["architecture"]),
        place=place,
        labels=labels(content),
        user_data=user_data,
        ssh_keys=[_ssh_key(state, wanted) for wanted in content.get("ssh_keys") or []],
        firewalls=[_firewall(state, entry) for entry in content.get("firewalls") or []],
        address=_address(state, content.get("public_net") or {}, place),
    )


def server_type(state: State, wanted: Any) -> Json:
    """The server type of that id or name."""
    if wanted is None:
        raise invalid("server_type", "Missing data for required field.")
    found = find(state.server_types, wanted)
    if not found:
        raise invalid("server_type", f"server type '{wanted}' does not exist.")
    return found[0]


def _image(state: State, wanted: Any, architecture: str) -> Json:
    """The image of that id or name for an architecture."""
    if wanted is None:
        raise invalid("image", "Missing data for required field.")
    found = [row for row in find(state.images, wanted) if row["architecture"] == architecture]
    if not found:
        raise invalid("image", f"image '{wanted}' does not exist for architecture {architecture}.")
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
    found = find(state.ssh_keys.values(), wanted)
    if not found:
        raise not_found("SSH key", wanted)
    return found[0]


def _firewall(state: State, entry: Json) -> Json:
    found = state.firewalls.get(entry.get("firewall", 0))
    if found is None:
        raise not_found("firewall", entry.get("firewall"))
    return found


def _address(state: State, public_net: Json, place: Json) -> Json:
    number = public_net.get("ipv4")
    if not number or not flag(public_net, "enable_ipv4", True) or flag(public_net, "enable_ipv6", True):
        raise unplayed("a server without a Primary IP of its own, or with IPv6")
    address = state.primary_ips.get(number)
    if address is None:
        raise not_found("Primary IP", number)
    check_usable(address, place)
    return address
