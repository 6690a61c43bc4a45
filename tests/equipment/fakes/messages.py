"""Requests, replies and routes of the fakes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived; `path` has no API prefix, header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        """First value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A request in the fake's log; the credentials are not kept."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: str
    status: int


@dataclass(frozen=True)
class Reply:
    """Answer of a handler; a body that is text is sent as it is, as a proxy in front of an API would."""

    status: int
    body: Json | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """Ends the handling of a request with an error reply."""

    def __init__(self, reply: Reply) -> None:
        """Keep the reply for the server loop."""
        super().__init__(str(reply.body))
        self.reply = reply


Handler = Callable[[Request], Reply]


@dataclass(frozen=True)
class Route:
    """A method and a path template such as `/servers/{id}`, and who answers."""

    method: str
    template: str
    handler: Handler

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """Captures of the path, or None when this route is not meant."""
        if method != self.method:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


def now() -> str:
    """The time as both vendors write it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
