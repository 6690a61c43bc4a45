"""The DNS record of a preview, or of the page of all of them.

Declared by its type's name rather than by a class of Cloudflare's package: importing that takes 2.4 s, before a program
declares anything, and this is the only resource of a preview that needs it.
"""

from __future__ import annotations

from importlib.metadata import version

import pulumi

from components.record_args import PreviewRecordArgs, described


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
