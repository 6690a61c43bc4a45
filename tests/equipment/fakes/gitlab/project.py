"""The one project of the fake GitLab, and who may do what in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from tests.equipment.fakes.gitlab.errors import invalid, refuse, unplayed
from tests.equipment.fakes.http import Json

MOST_PER_PAGE = 100


@dataclass(frozen=True)
class User:
    """Somebody with a token.

    Attributes:
        number: Id.
        username: Login.
        role: Access level in the project: 30 is Developer, 40 Maintainer; 0 is none.
    """

    number: int
    username: str
    role: int

    def brief(self) -> Json:
        """As other things show it."""
        return {"id": self.number, "username": self.username, "name": self.username.title(), "state": "active"}


@dataclass
class State:
    """What there is in the project.

    Attributes:
        merge_requests: By their number in the project.
        notes: By their id.
        environments: By their id.
        deployments: By their id.
        uploads: Address → content.
        quick_actions: What notes have made GitLab do.
        started_jobs: Jobs that stopped an environment.
    """

    merge_requests: dict[int, Json] = field(default_factory=dict)
    notes: dict[int, Json] = field(default_factory=dict)
    environments: dict[int, Json] = field(default_factory=dict)
    deployments: dict[int, Json] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    quick_actions: list[str] = field(default_factory=list)
    started_jobs: list[str] = field(default_factory=list)


@dataclass
class Project:
    """The project, and whoever asks now.

    Attributes:
        number: Its id.
        path: Its path with namespace.
        state: What there is in it.
        user: Who asks.
        is_job: Whether it is a job's token.
        scopes: What the token may be used for.
    """

    number: int
    path: str
    state: State = field(default_factory=State)
    user: User = field(default_factory=lambda: User(0, "nobody", 0))
    is_job: bool = False
    scopes: tuple[str, ...] = ()
    _last: int = 100

    def new_id(self) -> int:
        """An id that nothing has."""
        self._last += 1
        return self._last

    def require(self, least: int = 30) -> None:
        """Refuse whoever has no such role: not found to those who may not see the project.

        Raises:
            RefusalError: 403 or 404.
        """
        if self.user.role == 0:
            raise refuse(404, "404 Project Not Found")
        if self.user.role < least:
            raise refuse(403, "403 Forbidden")

    def refuse_job(self) -> None:
        """Refuse a job's token, which GitLab does not know at all where it may not be used.

        Raises:
            RefusalError: 401.
        """
        if self.is_job:
            raise refuse(401, "401 Unauthorized")


def body(*known: str) -> Json:
    """The JSON object, or form, of the request.

    Args:
        known: Fields that the fake plays.

    Raises:
        RefusalError: 400, it is none; 501, it has another field.
    """
    content = request.get_json(force=True, silent=True) if request.is_json else request.form.to_dict()
    if content is None and not request.get_data():
        content = {}
    if not isinstance(content, dict):
        raise refuse(400, "400 Bad request - The request body is malformed")
    for name in content:
        if name not in known:
            raise unplayed(f"the field {name!r}")
    return content


def required(content: Mapping[str, Any], name: str) -> str:
    """A field that has to be there.

    Raises:
        RefusalError: 400, it is not, or is no text.
    """
    if name not in content:
        raise invalid(name, "is missing")
    if not isinstance(content[name], str):
        raise invalid(name, "is invalid")
    return str(content[name])


def one_of(content: Mapping[str, Any], name: str, values: Iterable[str]) -> str:
    """A field with one of some values.

    Raises:
        RefusalError: 400, it has another.
    """
    if content.get(name) not in tuple(values):
        raise invalid(name, "does not have a valid value")
    return str(content[name])


def arguments(*known: str) -> Mapping[str, str]:
    """Parameters of the query, save those of the page.

    Raises:
        RefusalError: 501, one is none that the fake plays.
    """
    for name in request.args:
        if name not in (*known, "page", "per_page"):
            raise unplayed(f"the parameter {name!r}")
    return request.args


def page_of(rows: list[Json], address: str) -> Response:
    """A page of a list, with the headers that say where the others are.

    Args:
        rows: Everything there is, in its order.
        address: Address of the list.
    """
    page = max(1, _number("page", 1))
    size = min(MOST_PER_PAGE, max(1, _number("per_page", 20)))
    last = max(1, -(-len(rows) // size))
    links = {"first": 1, "last": last, **({"next": page + 1} if page < last else {})}
    others = "".join(f"&{name}={value}" for name, value in request.args.items() if name not in ("page", "per_page"))
    response = Response(json.dumps(rows[(page - 1) * size : page * size]), 200, mimetype="application/json")
    response.headers.update(
        {
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Total": str(len(rows)),
            "X-Total-Pages": str(last),
            "X-Next-Page": str(page + 1) if page < last else "",
            "X-Prev-Page": str(page - 1) if page > 1 else "",
            "Link": ", ".join(
                f'<{address}?page={number}&per_page={size}{others}>; rel="{name}"' for name, number in links.items()
            ),
        }
    )
    return response


def _number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise invalid(name, "is invalid")
    return int(text)


def secret() -> str:
    """A token, or the unguessable part of an upload's address."""
    return secrets.token_hex(16)
