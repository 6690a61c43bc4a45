"""What a preview's DNS record says, and to what it leads. Imports no provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi

_AUTOMATIC = 1
_COMMENT_LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class PreviewRecordArgs:
    """What leads to what.

    Attributes:
        zone_id: Cloudflare's id of the domain's zone.
        host_name: Host name.
        address: IPv4 address of the machine; may be known only later.
        comment: What the record says of itself.
    """

    zone_id: str
    host_name: str
    address: pulumi.Input[str]
    comment: str


def comment_of(branch: str) -> str:
    """What a preview's record says of itself: whose it is."""
    return f"Preview of branch {branch}"[:_COMMENT_LENGTH]


def described(host_name: str, comment: str) -> dict[str, object]:
    """What Cloudflare is told of a record besides its zone and its address, under Cloudflare's own names."""
    return {
        "name": host_name,
        "type": "A",
        "proxied": True,
        # The only time to live of a proxied record.
        "ttl": _AUTOMATIC,
        "comment": comment,
    }
