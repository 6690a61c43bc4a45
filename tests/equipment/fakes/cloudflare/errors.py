"""Replies in Cloudflare's form."""

from __future__ import annotations

from typing import Any

from flask import Response

from tests.equipment.fakes.http import RefusalError, reply

_BY_STATUS = {
    400: (1004, "DNS Validation Error"),
    401: (10000, "Authentication error"),
    403: (10000, "Authentication error"),
    404: (7003, "Could not route to the requested path, perhaps your object identifier is invalid?"),
    429: (10429, "Rate limited. Please wait and consider throttling your request speed."),
    500: (10001, "Internal server error"),
    501: (10405, "this fake does not play that part of the API"),
}


def success(result: Any, **more: Any) -> Response:
    """A reply with a result."""
    return reply(200, {"result": result, "success": True, "errors": [], "messages": [], **more})


def error(status: int, code: int, message: str) -> Response:
    """A reply with one error."""
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return reply(status, body)


def failure(status: int) -> Response:
    """The usual reply for a status; from 502 on it is the edge's page, not JSON."""
    if status not in _BY_STATUS:
        return reply(status, f"<html><title>{status}: fake edge error</title></html>")
    return error(status, *_BY_STATUS[status])


def refuse(status: int, code: int, message: str) -> RefusalError:
    """An error to raise."""
    return RefusalError(error(status, code, message))
