"""DNS records of the fake Cloudflare API: what is accepted, and how it is shown."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable
from typing import Any

from flask import request

from tests.equipment.fakes.cloudflare.errors import refuse
from tests.equipment.fakes.http import Json, now

_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT")
_PROXIABLE = ("A", "AAAA", "CNAME")
_NAME = re.compile(r"(?=.{1,253}$)(\*|[\w-]{1,63})(\.[\w-]{1,63})*", re.ASCII)


def body() -> Json:
    """The JSON object of the request.

    Raises:
        RefusalError: 400, it is none.
    """
    content = request.get_json(force=True, silent=True)
    if not isinstance(content, dict):
        raise refuse(400, 9207, "Request body is invalid.")
    return content


def complete(content: Json, zone: Json, others: Iterable[Json], *, private: bool, old: Json | None = None) -> Json:
    """Check a new or changed record and complete it.

    Args:
        content: what is asked for, all fields.
        zone: where it lives.
        others: the zone's other records.
        private: whether a proxied record may point to an address that is not public; the vendor refuses that.
        old: the record as it was, when it is changed.

    Raises:
        RefusalError: 400 with the vendor's code.
    """
    kind = content.get("type")
    if kind not in _TYPES:
        raise refuse(400, 1004, f"DNS Validation Error: invalid or missing type {kind!r}")
    name = full_name(content.get("name"), zone["name"])
    value = _content(kind, content.get("content"))
    proxied = bool(content.get("proxied", False))
    proxiable = kind in _PROXIABLE and (kind == "CNAME" or private or ipaddress.ip_address(value).is_global)
    if proxied and not proxiable:
        if kind in _PROXIABLE:
            raise refuse(400, 9003, f"Target {value} is not allowed for a proxied record.")
        raise refuse(400, 9004, "This record type cannot be proxied.")
    made: Json = {
        "id": old["id"] if old else secrets.token_hex(16),
        "name": name,
        "type": kind,
        "content": value,
        "proxiable": proxiable,
        "proxied": proxied,
        # As the vendor does it: whatever was asked for, a proxied record has the TTL "automatic".
        "ttl": 1 if proxied else _ttl(content.get("ttl", 1)),
        "settings": content.get("settings") or {},
        "meta": {},
        "comment": content.get("comment"),
        "tags": content.get("tags") or [],
        "created_on": old["created_on"] if old else now(),
        "modified_on": now(),
    }
    if kind == "MX":
        made["priority"] = content.get("priority", 10)
    _check_conflicts(made, others)
    return made


def full_name(name: Any, zone: str) -> str:
    """Name with the zone's; as the vendor does it, the zone is added to a name that does not end in it."""
    if not isinstance(name, str) or not name:
        raise refuse(400, 9000, "DNS name is invalid.")
    lower = name.lower().rstrip(".")
    if lower == "@":
        return zone
    whole = lower if f".{lower}".endswith(f".{zone}") else f"{lower}.{zone}"
    if not _NAME.fullmatch(whole):
        raise refuse(400, 9000, "DNS name is invalid.")
    return whole


def _content(kind: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        code, need = {"A": (9005, "must be a valid IPv4 address"), "AAAA": (9006, "must be a valid IPv6 address")}.get(
            kind, (9009, "must not be empty")
        )
        raise refuse(400, code, f"Content for {kind} record {need}.")
    if kind in ("A", "AAAA"):
        return _address(kind, value)
    if kind in ("CNAME", "NS", "MX", "PTR") and not _NAME.fullmatch(value.rstrip(".")):
        raise refuse(400, 9007, f"Content for {kind} record is invalid.")
    if kind == "TXT" and len(value) > 2048:
        raise refuse(400, 9207, "Content for TXT record is too long.")
    return value


def _address(kind: str, value: str) -> str:
    try:
        if kind == "A":
            return str(ipaddress.IPv4Address(value))
        return str(ipaddress.IPv6Address(value))
    except ValueError as error:
        code, version = (9005, "IPv4") if kind == "A" else (9006, "IPv6")
        raise refuse(400, code, f"Content for {kind} record must be a valid {version} address.") from error


def _ttl(value: Any) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or not (value == 1 or 60 <= value <= 86400):
        raise refuse(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
    return int(value)


def _check_conflicts(made: Json, others: Iterable[Json]) -> None:
    for other in others:
        if other["name"] != made["name"]:
            continue
        if (other["type"], other["content"]) == (made["type"], made["content"]):
            raise refuse(400, 81058, "An identical record already exists.")
        if made["type"] == "CNAME" and other["type"] in _PROXIABLE:
            raise refuse(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        if other["type"] == "CNAME" and made["type"] in _PROXIABLE:
            raise refuse(400, 81054, "A CNAME record with that host already exists.")


def chosen(rows: Iterable[Json]) -> list[Json]:
    """The rows that the query's filters let through: `name`, `name.exact`, `content.contains`, `type` and so on."""
    tests: list[tuple[str, str, str]] = []
    for key, value in request.args.items():
        field, _, how = key.partition(".")
        if field in ("name", "content", "comment", "type", "proxied") and value:
            tests.append((field, how or "exact", value.lower()))
    join = any if request.args.get("match") == "any" else all
    return [row for row in rows if not tests or join(_holds(row, *test) for test in tests)]


def _holds(row: Json, field: str, how: str, wanted: str) -> bool:
    value = row.get(field)
    have = str(value if value is not None else "").lower()
    if how == "contains":
        return wanted in have
    if how == "startswith":
        return have.startswith(wanted)
    if how == "endswith":
        return have.endswith(wanted)
    return have == wanted
