"""Error replies in Hetzner's form."""

from __future__ import annotations

from typing import Any

from flask import Response

from tests.equipment.fakes.http import RefusalError, reply

_BY_STATUS = {
    400: ("json_error", "invalid JSON in request"),
    401: ("unauthorized", "unable to authenticate"),
    403: ("forbidden", "insufficient permissions for this request"),
    404: ("not_found", "resource not found"),
    409: ("conflict", "the resource has changed during the request, please retry"),
    412: ("resource_unavailable", "the requested resource is currently unavailable"),
    422: ("invalid_input", "invalid input"),
    423: ("locked", "the item you are trying to access is locked"),
    429: ("rate_limit_exceeded", "limit of 3600 requests per hour reached"),
    500: ("server_error", "error within the API backend"),
    501: ("unsupported_error", "this fake does not play that part of the API"),
    503: ("maintenance", "cannot perform operation due to maintenance"),
    504: ("timeout", "the request could not be answered in time, please retry"),
}


def error(status: int, code: str, message: str, details: Any = None) -> Response:
    """An error reply."""
    return reply(status, {"error": {"code": code, "message": message, "details": details}})


def failure(status: int) -> Response:
    """The usual reply for a status; 502 is a proxy's page, not JSON."""
    if status not in _BY_STATUS:
        return reply(status, f"<html><body><h1>{status}</h1></body></html>")
    code, message = _BY_STATUS[status]
    return error(status, code, message)


def refuse(status: int, code: str, message: str, details: Any = None) -> RefusalError:
    """An error to raise."""
    return RefusalError(error(status, code, message, details))


def invalid(field: str, message: str) -> RefusalError:
    """Refusal of one field of the input."""
    details = {"fields": [{"name": field, "messages": [message]}]}
    return refuse(422, "invalid_input", f"invalid input in field '{field}'", details)


def not_found(kind: str, identifier: object) -> RefusalError:
    """Refusal because there is no such thing."""
    return refuse(404, "not_found", f"{kind} with ID '{identifier}' not found")


def not_unique(field: str, message: str) -> RefusalError:
    """Refusal because a value is taken."""
    return refuse(409, "uniqueness_error", message, {"fields": [{"name": field, "messages": ["must be unique"]}]})


def protected(what: str) -> RefusalError:
    """Refusal because of a resource's protection."""
    return refuse(423, "protected", f"{what} is protected against deletion")


def locked(what: str) -> RefusalError:
    """Refusal because an action on the resource is still running."""
    return refuse(423, "locked", f"{what} is locked: an action is running")


def unplayed(what: str) -> RefusalError:
    """Refusal of what the vendor may know and this fake does not."""
    return refuse(501, "unsupported_error", f"this fake does not play {what}")
