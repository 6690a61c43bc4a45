"""Error replies in GitLab's forms, of which it has several."""

from __future__ import annotations

from typing import Any

from flask import Response

from tests.equipment.fakes.http import RefusalError, reply

_BY_STATUS: dict[int, Any] = {
    400: {"message": "400 Bad request"},
    401: {"message": "401 Unauthorized"},
    403: {"message": "403 Forbidden"},
    404: {"error": "404 Not Found"},
    429: {"message": {"error": "This endpoint has been requested too many times. Try again later."}},
    500: {"message": "500 Internal Server Error"},
    501: {"error": "this fake does not play that part of the API"},
}


def failure(status: int) -> Response:
    """The usual reply for a status; 502 to 504 are pages of the proxy in front of GitLab, not JSON."""
    if status not in _BY_STATUS:
        return reply(status, f"<html><body><h1>{status}</h1></body></html>")
    return reply(status, _BY_STATUS[status])


def refuse(status: int, message: Any) -> RefusalError:
    """An error to raise that GitLab words itself."""
    return RefusalError(reply(status, {"message": message}))


def not_found(what: str = "") -> RefusalError:
    """There is no such thing, or whoever asks may not know that there is."""
    return refuse(404, f"404 {what} Not Found" if what else "404 Not found")


def invalid(parameter: str, problem: str) -> RefusalError:
    """A parameter is missing or cannot be used: an error of another form than the others."""
    return RefusalError(reply(400, {"error": f"{parameter} {problem}"}))


def unplayed(what: str) -> RefusalError:
    """Refusal of what GitLab may know and this fake does not."""
    return RefusalError(reply(501, {"error": f"this fake does not play {what}"}))
