"""Input and lists as every resource of the Hetzner API treats them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.equipment.fakes.hetzner.errors import invalid, not_unique, refuse
from tests.equipment.fakes.messages import Json, Reply, Request

_LABEL_KEY = re.compile(
    r"([a-z0-9A-Z]([\w.-]{0,251}[a-z0-9A-Z])?/)?[a-z0-9A-Z]([\w.-]{0,61}[a-z0-9A-Z])?",
)
_LABEL_VALUE = re.compile(r"([a-z0-9A-Z]([\w.-]{0,61}[a-z0-9A-Z])?)?")
_REQUIREMENT = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<no>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)|(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?)\s*"
)


def body(request: Request) -> Json:
    """The JSON object of a request.

    Raises:
        RefusalError: 400, it is none.
    """
    try:
        content = json.loads(request.raw or b"{}")
    except ValueError as error:
        raise refuse(400, "json_error", f"invalid JSON in request: {error}") from error
    if not isinstance(content, dict):
        raise refuse(400, "json_error", "the request must be a JSON object")
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


def free_name(table: Iterable[Json], name: str, message: str, own: int | None = None) -> None:
    """Refuse a name that another entry of the table has."""
    if any(entry["name"] == name and entry["id"] != own for entry in table):
        raise not_unique("name", message)


def selects(selector: str, tags: Mapping[str, str]) -> bool:
    """Whether a label selector matches.

    Raises:
        RefusalError: 422, the selector cannot be read.
    """
    for part in re.split(r",(?![^(]*\))", selector):
        found = _REQUIREMENT.fullmatch(part)
        if found is None:
            raise invalid("label_selector", f"cannot read {part!r}.")
        if not _holds(found, tags):
            return False
    return True


def _holds(found: re.Match[str], tags: Mapping[str, str]) -> bool:
    if found["absent"]:
        return found["no"] not in tags
    key = found["key"]
    if found["set"]:
        values = {value.strip() for value in found["values"].split(",")}
        return (key in tags and tags[key] in values) == (found["set"] == "in")
    if found["op"] is None:
        return key in tags
    return (tags.get(key) == found["value"]) == (found["op"] != "!=")


def listing(request: Request, key: str, rows: Iterable[Json], filters: Iterable[str] = ("name",)) -> Reply:
    """A page of a list, filtered and sorted as the query asks.

    Args:
        request: its query holds filters, label_selector, sort, page, per_page (at most 50).
        key: name of the list in the reply.
        rows: everything there is.
        filters: fields that the query may name, with one or more values each.
    """
    chosen = list(rows)
    for name in filters:
        if wanted := request.query.get(name):
            chosen = [row for row in chosen if str(row.get(name)) in wanted]
    if selector := request.first("label_selector"):
        chosen = [row for row in chosen if selects(selector, row["labels"])]
    for order in reversed(request.query.get("sort", [])):
        name, _, direction = order.partition(":")
        if direction not in ("", "asc", "desc") or any(name not in row for row in chosen):
            raise invalid("sort", f"cannot sort by {order!r}.")
        chosen.sort(key=lambda row: (row[name] is None, row[name]), reverse=direction == "desc")
    page, per_page = _number(request, "page", 1), min(50, _number(request, "per_page", 25))
    last = max(1, -(-len(chosen) // per_page))
    pagination = {
        "page": page,
        "per_page": per_page,
        "previous_page": page - 1 if page > 1 else None,
        "next_page": page + 1 if page < last else None,
        "last_page": last,
        "total_entries": len(chosen),
    }
    return Reply(200, {key: chosen[(page - 1) * per_page : page * per_page], "meta": {"pagination": pagination}})


def _number(request: Request, name: str, default: int) -> int:
    value = request.first(name)
    if value is None:
        return default
    if not value.isdigit() or int(value) < 1:
        raise invalid(name, "must be a positive integer.")
    return int(value)
