"""A fake of the Cloudflare API v4: zones, DNS records and token checks of one account, kept in memory, on loopback."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from flask import Response, request

from tests.equipment.fakes.cloudflare.errors import failure, refuse, success
from tests.equipment.fakes.cloudflare.records import body, chosen, complete
from tests.equipment.fakes.cloudflare.state import State, Token
from tests.equipment.fakes.http import FakeApi, Json

__all__ = ["FakeCloudflare", "State", "Token"]


class FakeCloudflare(FakeApi):
    """Fake Cloudflare API; `url` is what a client takes as its base URL, `token` a token that may do everything."""

    vendor = "cloudflare"
    prefix = "/client/v4"

    def __init__(
        self,
        zones: Sequence[str] = ("pgai.watch",),
        *,
        private_targets: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        """Make an account.

        Args:
            zones: names of its zones.
            private_targets: let proxied records point to loopback and private addresses. The vendor refuses that
                (9003), but a machine under test has no other.
            host: address to listen on.
        """
        routes = (
            ("GET", "/user/tokens/verify", self._verify),
            ("GET", "/zones", self._zones),
            ("GET", "/zones/<zone>", lambda zone: success(self._zone(zone))),
            ("GET", "/zones/<zone>/dns_records", self._list),
            ("POST", "/zones/<zone>/dns_records", self._create),
            ("GET", "/zones/<zone>/dns_records/<record>", lambda zone, record: success(self._record(zone, record))),
            ("PUT", "/zones/<zone>/dns_records/<record>", self._overwrite),
            ("PATCH", "/zones/<zone>/dns_records/<record>", self._edit),
            ("DELETE", "/zones/<zone>/dns_records/<record>", self._delete),
        )
        super().__init__(routes, host=host)
        self._private = private_targets
        self._state = State()
        for name in zones:
            self._state.add_zone(name)
        self.token = f"fake-{secrets.token_hex(18)}"
        self.add_token(self.token, zones)

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

    def _bearer(self) -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    def _authenticate(self) -> None:
        given = self._bearer()
        if not given:
            raise refuse(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if given not in self._state.tokens:
            if request.endpoint == "GET /user/tokens/verify":
                raise refuse(401, 1000, "Invalid API Token")
            raise refuse(403, 9109, "Invalid access token")

    def _token(self) -> Token:
        return self._state.tokens[self._bearer()]

    def _verify(self) -> Response:
        note = {"code": 10000, "message": "This API Token is valid and active", "type": None}
        return success({"id": self._token().id, "status": "active"}, messages=[note])

    def _zone(self, number: str) -> Json:
        token = self._token()
        if len(number) != 32 or not set(number) <= set("0123456789abcdef"):
            message = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
            raise refuse(404, 7003, message)
        zone = self._state.zones.get(number)
        if zone is None or zone["name"] not in token.zones or not (token.edit or request.method == "GET"):
            raise refuse(403, 10000, "Authentication error")
        return zone

    def _records(self, zone: str) -> dict[str, Json]:
        return self._state.records[self._zone(zone)["id"]]

    def _record(self, zone: str, record: str) -> Json:
        found = self._records(zone).get(record)
        if found is None:
            raise refuse(404, 81044, "Record does not exist.")
        return found

    def _zones(self) -> Response:
        token = self._token()
        rows = [zone for zone in self._state.zones.values() if zone["name"] in token.zones]
        status = request.args.get("status")
        return _page([zone for zone in chosen(rows) if status in (None, zone["status"])], 20, 50)

    def _list(self, zone: str) -> Response:
        rows = chosen(self._records(zone).values())
        if order := request.args.get("order"):
            rows.sort(key=lambda row: str(row.get(order)), reverse=request.args.get("direction") == "desc")
        return _page(rows, 100, 50000)

    def _create(self, zone: str) -> Response:
        table = self._records(zone)
        if len(table) >= self._state.records_limit:
            raise refuse(400, 81045, "Record quota exceeded.")
        made = complete(body(), self._zone(zone), table.values(), private=self._private)
        table[made["id"]] = made
        return success(made)

    def _overwrite(self, zone: str, record: str) -> Response:
        return self._change(zone, record, {})

    def _edit(self, zone: str, record: str) -> Response:
        kept = ("name", "type", "content", "ttl", "proxied", "settings", "comment", "tags")
        old = self._record(zone, record)
        return self._change(zone, record, {key: old[key] for key in kept})

    def _change(self, zone: str, record: str, kept: Json) -> Response:
        old, table = self._record(zone, record), self._records(zone)
        others = [one for one in table.values() if one["id"] != record]
        table[record] = complete({**kept, **body()}, self._zone(zone), others, private=self._private, old=old)
        return success(table[record])

    def _delete(self, zone: str, record: str) -> Response:
        del self._records(zone)[self._record(zone, record)["id"]]
        return success({"id": record})

    def _failure(self, status: int) -> Response:
        return failure(status)

    def _standing_headers(self) -> Mapping[str, str]:
        return {"CF-Ray": f"{secrets.token_hex(8)}-FAKE"}


def _page(rows: list[Json], usual: int, most: int) -> Response:
    page, per_page = _number("page", 1), min(most, _number("per_page", usual))
    part = rows[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(part),
        "total_count": len(rows),
        "total_pages": -(-len(rows) // per_page),
    }
    return success(part, result_info=info)


def _number(name: str, usual: int) -> int:
    value = request.args.get(name)
    if value is None:
        return usual
    if not value.isdigit() or int(value) < 1:
        raise refuse(400, 1004, f"DNS Validation Error: {name} must be a positive integer")
    return int(value)
