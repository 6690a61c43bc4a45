"""DNS records of previews, apart from any stack: read and removed with the vendor's own client."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from components.record_args import described
from operations.errors import OperationError
from stacks.names import STACK_PREFIX
from stacks.outputs import BaseOutputs
from stacks.proxy import usable_proxy

if TYPE_CHECKING:
    from cloudflare import Cloudflare

TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105  a variable's name
_API_VARIABLE = "CLOUDFLARE_BASE_URL"  # the vendor's client knows it too
_API = "https://api.cloudflare.com/client/v4"
_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class DnsRecord:
    """An A record that leads a preview's name to the machine of a base.

    Attributes:
        id: Cloudflare's id.
        name: Host name.
        created_at: RFC 3339 time.
        comment: What it says of itself.
    """

    id: str
    name: str
    created_at: str
    comment: str = ""

    def slug(self, domain: str) -> str:
        """Slug of the preview it was made for."""
        return self.name.removesuffix(f".{domain}").removeprefix(STACK_PREFIX)


class Records(Protocol):
    """Records of a base's previews."""

    def all(self) -> list[DnsRecord]:
        """Every record of a preview that leads to the base's machine.

        Raises:
            OperationError: They cannot be asked for.
        """
        ...

    def remove(self, name: str, known: Collection[str] = (), comment: str = "") -> list[str]:
        """Remove the records of a host name whose ids are not known.

        Args:
            name: Host name.
            known: Ids of records that stay.
            comment: What those that go say of themselves; empty: anything.

        Returns:
            Names of what was removed.

        Raises:
            OperationError: They cannot be asked for, or the removal is refused.
        """
        ...

    def is_as_declared(self, identity: str, name: str, comment: str) -> bool:
        """Whether a record is as a preview declares it; not where nobody can tell.

        Args:
            identity: Cloudflare's id.
            name: Host name.
            comment: What it says of itself.
        """
        ...


class NoRecords:
    """Where names need no DNS."""

    def all(self) -> list[DnsRecord]:
        return []

    def remove(self, name: str, known: Collection[str] = (), comment: str = "") -> list[str]:  # noqa: ARG002
        return []

    def is_as_declared(self, identity: str, name: str, comment: str) -> bool:  # noqa: ARG002
        return False


class CloudflareRecords:
    """Records at Cloudflare.

    Args:
        base: The base; its machine's address says which records are its own.

    Raises:
        OperationError: The token is missing.
    """

    def __init__(self, base: BaseOutputs) -> None:
        self._token = os.environ.get(TOKEN_VARIABLE, "")
        if not self._token:
            raise OperationError(
                f"{TOKEN_VARIABLE} is not set: export a Cloudflare token that may edit the DNS of {base.domain}."
            )
        self._base = base

    @cached_property
    def _client(self) -> Cloudflare:
        # Takes a second and a half to import, which only they pay who need it.
        from cloudflare import Cloudflare

        with usable_proxy(f"Cloudflare cannot be asked for the DNS records of {self._base.domain}", OperationError):
            return Cloudflare(api_token=self._token)

    def is_as_declared(self, identity: str, name: str, comment: str) -> bool:
        # One request for every update, which the vendor's client would take longer to load for than to ask.
        import httpx

        api = os.environ.get(_API_VARIABLE) or _API
        try:
            answer = httpx.get(
                f"{api.rstrip('/')}/zones/{self._base.zone_id}/dns_records/{identity}",
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=_SECONDS,
            )
            record = dict(answer.json()["result"] or {})
        # The client lacks a package for some kinds of proxy.
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, KeyError, TypeError):
            return False
        return {**described(name, comment), "content": self._base.address}.items() <= record.items()

    def all(self) -> list[DnsRecord]:
        base = self._base
        with self._answering(f"list the DNS records of {base.domain}", f"check {TOKEN_VARIABLE}"):
            return sorted(
                (
                    DnsRecord(
                        id=str(row.id), name=row.name, created_at=row.created_on.isoformat(), comment=row.comment or ""
                    )
                    for row in self._client.dns.records.list(zone_id=base.zone_id, type="A")
                    if row.name.startswith(STACK_PREFIX)
                    and row.name.endswith(f".{base.domain}")
                    and row.content == base.address
                ),
                key=lambda record: record.name,
            )

    def remove(self, name: str, known: Collection[str] = (), comment: str = "") -> list[str]:
        chosen = [
            record
            for record in self.all()
            if record.name == name and record.id not in known and comment in ("", record.comment)
        ]
        with self._answering(f"delete the DNS record {name}", f"check {TOKEN_VARIABLE}, or delete it by hand"):
            for record in chosen:
                self._client.dns.records.delete(record.id, zone_id=self._base.zone_id)
        return [f"record {record.name}" for record in chosen]

    @contextmanager
    def _answering(self, what: str, advice: str) -> Iterator[None]:
        """Make one sentence of whatever comes of asking Cloudflare."""
        from cloudflare import CloudflareError

        try:
            yield
        except CloudflareError as error:
            raise OperationError(f"Cloudflare does not {what} ({error}): {advice}.") from error
        # What the client makes of an answer that is no JSON, or another's: the page of a proxy, or of an outage.
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            raise OperationError(
                f"Cloudflare does not {what} (what answered is not its API: {type(error).__name__}): run it again "
                f"later, and see where HTTPS_PROXY and {_API_VARIABLE} lead."
            ) from error
