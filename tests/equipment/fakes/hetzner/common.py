"""Input and lists as every resource of the Hetzner API treats them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask import Response, request

from tests.equipment.fakes.hetzner.errors import invalid, not_unique, refuse, unplayed
from tests.equipment.fakes.http import Json, reply

_LABEL_KEY = re.compile(
    r"([a-z0-9A-Z]([\w.-]{0,251}[a-z0-9A-Z])?/)?[a-z0-9A-Z]([\w.-]{0,61}[a-z0-9A-Z])?",
)
_LABEL_VALUE = re.compile(r"([a-z0-9A-Z]([\w.-]{0,61}[a-z0-9A-Z])?)?")


def body(*known: str) -> Json:
    """The JSON object of the request.

    Args:
        known: fields that the fake plays.

    Raises:
        RefusalError: 400, it is none; 501, it has another field.
    """
    content = request.get_json(force=True, silent=True)
    if not isinstance(content, dict):
        raise refuse(400, "json_error", "the request must be a JSON object")
    for field, value in content.items():
        if value is not None and field not in known:
            raise unplayed(f"the field {field!r}")
    return content


def text(content: Mapping[str, Any], field: str) -> str:
    """A required field that is a non-empty text."""
    value = content.get(field)
    if value is None or value == "":
        raise invalid(field, "Missing data for required field.")
    if not isinstance(value, str):
        raise invalid(field, "Not a valid string.")
    return value


def flag(content: Mapping[str, Any], field: str, default: bool) -> bool:
    """An optional field that is true or false."""
    value = content.get(field)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(field, "Not a valid boolean.")
    return value


def labels(content: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a new or changed resource."""
    given = content.get("labels") or {}
    if not isinstance(given, dict):
        raise invalid("labels", "Not a valid mapping type.")
    for key, value in given.items():
        if not _LABEL_KEY.fullmatch(key) or not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            raise invalid("labels", f"label {key!r} or its value {value!r} is not valid.")
    return dict(given)


def free_name(table: Iterable[Json], name: str, message: str) -> None:
    """Refuse a name that an entry of the table has."""
    if any(entry["name"] == name for entry in table):
        raise not_unique("name", message)


def find(rows: Iterable[Json], wanted: Any) -> list[Json]:
    """The rows of that id or name."""
    return [row for row in rows if str(wanted) in (str(row["id"]), row["name"])]


def listing(
    key: str, rows: Iterable[Json], filters: Collection[str] = ("name",), others: Collection[str] = ()
) -> Response:
    """A page of a list, filtered and sorted as the query asks.

    Args:
        key: name of the list in the reply.
        rows: everything there is.
        filters: fields that the query may name, with one or more values each, beside sort, page, per_page (at most 50).
        others: parameters that the caller has seen to.
    """
    for name in request.args:
        if name not in ("sort", "page", "per_page", *filters, *others):
            raise unplayed(f"the parameter {name!r}")
    chosen = list(rows)
    for name in filters:
        if wanted := request.args.getlist(name):
            chosen = [row for row in chosen if str(row[name]) in wanted]
    for order in reversed(request.args.getlist("sort")):
        name, _, direction = order.partition(":")
        if direction not in ("", "asc", "desc") or any(name not in row for row in chosen):
            raise invalid("sort", f"cannot sort by {order!r}.")
        chosen.sort(key=lambda row: (row[name] is None, row[name]), reverse=direction == "desc")
    page, per_page = _number("page", 1), min(50, _number("per_page", 25))
    last = max(1, -(-len(chosen) // per_page))
    pagination = {
        "page": page,
        "per_page": per_page,
        "previous_page": page - 1 if page > 1 else None,
        "next_page": page + 1 if page < last else None,
        "last_page": last,
        "total_entries": len(chosen),
    }
    return reply(200, {key: chosen[(page - 1) * per_page : page * per_page], "meta": {"pagination": pagination}})


def _number(name: str, default: int) -> int:
    value = request.args.get(name)
    if value is None:
        return default
    if not value.isdigit() or int(value) < 1:
        raise invalid(name, "must be a positive integer.")
    return int(value)
