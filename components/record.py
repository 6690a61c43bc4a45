"""The DNS record of a preview, or of the page of all of them.

Declared by its type's name rather than by a class of Cloudflare's package: importing that takes 2.4 s, before a program
declares anything, and this is the only resource of a preview that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

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


class PreviewRecord(pulumi.ComponentResource):
    """One proxied A record."""

    def __init__(self, name: str, args: PreviewRecordArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:record:PreviewRecord", name, None, pulumi.ResourceOptions(parent=opts.parent))
        pulumi.CustomResource(
            "cloudflare:index/dnsRecord:DnsRecord",
            f"{name}-a",
            {"zoneId": args.zone_id, "content": args.address, **described(args.host_name, args.comment)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, version=version("pulumi-cloudflare")),
        )
        self.register_outputs({})
