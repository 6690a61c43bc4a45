"""A fake of the Cloudflare API v4: zones, DNS records and token checks of one account, kept in memory, on loopback."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.equipment.fakes.cloudflare.errors import failure, refuse, success
from tests.equipment.fakes.cloudflare.records import body, chosen, record
from tests.equipment.fakes.cloudflare.state import State, Token
from tests.equipment.fakes.http import FakeApi
from tests.equipment.fakes.messages import Json, Reply, Request, Route

__all__ = ["FakeCloudflare", "State", "Token"]


class FakeCloudflare(FakeApi):
    """Fake Cloudflare API; `url` is what a client takes as its base URL, `token` a token that may do everything."""

    vendor = "cloudflare"
    prefix = "/client/v4"

    def __init__(
        self,
        zones: Sequence[str] = ("pgai.watch",),
        *,
        token: str | None = None,
        private_targets: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Make an account.

        Args:
            zones: names of its zones.
            token: token that may edit all of them.
            private_targets: let proxied records point to loopback and private addresses. The vendor refuses that
                (9003), but a machine under test has no other.
            host: address to listen on.
            port: port to listen on, 0 for any.
        """
        super().__init__(host=host, port=port)
        self._private = private_targets
        self._state = State()
        for name in zones:
            self._state.add_zone(name)
        self.token = token or f"fake-{secrets.token_hex(18)}"
        self.add_token(self.token, zones)
        self._table = (
            Route("GET", "/user/tokens/verify", self._verify),
            Route("GET", "/zones", self._zones),
            Route("GET", "/zones/{zone}", lambda request: success(self._zone(request))),
            Route("GET", "/zones/{zone}/dns_records", self._list),
            Route("POST", "/zones/{zone}/dns_records", self._create),
            Route("GET", "/zones/{zone}/dns_records/{id}", lambda request: success(self._record(request))),
            Route("PUT", "/zones/{zone}/dns_records/{id}", self._overwrite),
            Route("PATCH", "/zones/{zone}/dns_records/{id}", self._edit),
            Route("DELETE", "/zones/{zone}/dns_records/{id}", self._delete),
        )

    @property
    def state(self) -> State:
        """A copy of the account as it is now."""
        with self._lock:
            return copy.deepcopy(self._state)

    @contextmanager
    def edit(self) -> Iterator[State]:
        """The account itself, to change what the API cannot."""
        with self._lock:
            yield self._state

    def add_token(self, value: str, zones: Iterable[str], *, edit: bool = True) -> None:
        """Accept another token, for these zones only, and only for reading unless it may edit."""
        with self._lock:
            self._state.tokens[value] = Token(secrets.token_hex(16), frozenset(zones), edit)

    def zone_id(self, name: str) -> str:
        """Id of the zone of exactly that name.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            for zone in self._state.zones.values():
                if zone["name"] == name:
                    return str(zone["id"])
        raise KeyError(f"the fake Cloudflare account has no zone {name!r}")

    def _bearer(self, request: Request) -> str:
        return (request.headers.get("authorization") or "").removeprefix("Bearer ")

    def _authenticate(self, request: Request) -> None:
        given = self._bearer(request)
        if not given:
            raise refuse(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if given not in self._state.tokens:
            if request.path == "/user/tokens/verify":
                raise refuse(401, 1000, "Invalid API Token")
            raise refuse(403, 9109, "Invalid access token")

    def _token(self, request: Request) -> Token:
        return self._state.tokens[self._bearer(request)]

    def _verify(self, request: Request) -> Reply:
        reply = success({"id": self._token(request).id, "status": "active"})
        if isinstance(reply.body, dict):
            note = "This API Token is valid and active"
            reply.body["messages"] = [{"code": 10000, "message": note, "type": None}]
        return reply

    def _zone(self, request: Request) -> Json:
        number, token = request.params["zone"], self._token(request)
        if len(number) != 32 or not set(number) <= set("0123456789abcdef"):
            message = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
            raise refuse(404, 7003, message)
        zone = self._state.zones.get(number)
        if zone is None or zone["name"] not in token.zones or not (token.edit or request.method == "GET"):
            raise refuse(403, 10000, "Authentication error")
        return zone

    def _records(self, request: Request) -> dict[str, Json]:
        return self._state.records[self._zone(request)["id"]]

    def _record(self, request: Request) -> Json:
        found = self._records(request).get(request.params["id"])
        if found is None:
            raise refuse(404, 81044, "Record does not exist.")
        return found

    def _zones(self, request: Request) -> Reply:
        token = self._token(request)
        rows = [zone for zone in self._state.zones.values() if zone["name"] in token.zones]
        status = request.first("status")
        return _page(request, [zone for zone in chosen(request, rows) if status in (None, zone["status"])], 20, 50)

    def _list(self, request: Request) -> Reply:
        rows = chosen(request, self._records(request).values())
        if order := request.first("order"):
            rows.sort(key=lambda row: str(row.get(order)), reverse=request.first("direction") == "desc")
        return _page(request, rows, 100, 50000)

    def _create(self, request: Request) -> Reply:
        zone, table = self._zone(request), self._records(request)
        if len(table) >= self._state.records_limit:
            raise refuse(400, 81045, "Record quota exceeded.")
        made = record(body(request), zone, table.values(), private=self._private)
        table[made["id"]] = made
        return success(made)

    def _overwrite(self, request: Request) -> Reply:
        return self._change(request, {})

    def _edit(self, request: Request) -> Reply:
        kept = ("name", "type", "content", "ttl", "proxied", "settings", "comment", "tags")
        old = self._record(request)
        return self._change(request, {key: old[key] for key in kept})

    def _change(self, request: Request, kept: Json) -> Reply:
        old, table, zone = self._record(request), self._records(request), self._zone(request)
        others = [one for one in table.values() if one["id"] != old["id"]]
        table[old["id"]] = record({**kept, **body(request)}, zone, others, private=self._private, old=old)
        return success(table[old["id"]])

    def _delete(self, request: Request) -> Reply:
        number = self._record(request)["id"]
        del self._records(request)[number]
        return success({"id": number})

    def _routes(self) -> Iterable[Route]:
        return self._table

    def _failure(self, status: int) -> Reply:
        return failure(status)

    def _unknown_route(self, request: Request) -> Reply:
        return failure(404 if request.method == "GET" else 501)

    def _standing_headers(self) -> Mapping[str, str]:
        return {"CF-Ray": f"{secrets.token_hex(8)}-FAKE"}


def _page(request: Request, rows: list[Json], usual: int, most: int) -> Reply:
    page, per_page = _number(request, "page", 1), min(most, _number(request, "per_page", usual))
    part = rows[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(part),
        "total_count": len(rows),
        "total_pages": -(-len(rows) // per_page),
    }
    return success(part, result_info=info)


def _number(request: Request, name: str, usual: int) -> int:
    value = request.first(name)
    if value is None:
        return usual
    if not value.isdigit() or int(value) < 1:
        raise refuse(400, 1004, f"DNS Validation Error: {name} must be a positive integer")
    return int(value)
