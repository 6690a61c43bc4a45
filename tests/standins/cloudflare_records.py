"""Programs that make a DNS record with the Cloudflare plugin, and what the stateful fake of the API has of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response, request

from tests.equipment.fakes import FakeCloudflare
from tests.equipment.fakes.cloudflare.errors import error
from tests.standins.engine import Stack

# By its type's name, as the product declares it: importing the official package takes seconds of every program.
PROLOGUE = """
import os
from importlib.metadata import version
import pulumi
zone = os.environ["ZONE"]
own = pulumi.ResourceOptions(version=version("pulumi-cloudflare"))
def record(opts=None, **given):
    values = {"zoneId": zone, "name": "preview-x.pgai.watch", "type": "A", "content": "203.0.113.7", "ttl": 1,
              "proxied": True, **given}
    made = pulumi.CustomResource(
        "cloudflare:index/dnsRecord:DnsRecord", "record", values, pulumi.ResourceOptions.merge(own, opts))
    pulumi.export("id", made.id)
"""
OFFICIAL_PROLOGUE = """
import os
import pulumi, pulumi_cloudflare as cloudflare
def record(opts=None, **given):
    values = {"zone_id": os.environ["ZONE"], "name": "preview-x.pgai.watch", "type": "A", "content": "203.0.113.7",
              "ttl": 1, "proxied": True, **given}
    made = cloudflare.DnsRecord("record", opts=opts, **values)
    pulumi.export("id", made.id)
    return made
"""


class Forgetful(FakeCloudflare):
    """Makes the first record and then answers as if it had not."""

    forgot = False

    def _after(self, response: Response) -> Response:
        response = super()._after(response)
        if request.method == "POST" and not self.forgot:
            self.forgot = True
            return error(500, 10001, "Internal server error")
        return response


def stack_on(cloudflare: FakeCloudflare, directory: Path) -> Stack:
    """A stack whose programs make the record in the fake's first zone."""
    return Stack.make(
        directory,
        PROLOGUE,
        CLOUDFLARE_API_TOKEN=cloudflare.token,
        CLOUDFLARE_BASE_URL=cloudflare.url,
        ZONE=cloudflare.zone_id("pgai.watch"),
    )


def records(cloudflare: FakeCloudflare, zone: str = "pgai.watch") -> list[dict[str, Any]]:
    return list(cloudflare.state.records[cloudflare.zone_id(zone)].values())


def calls(cloudflare: FakeCloudflare) -> list[str]:
    return [f"{request.method} {request.status}" for request in cloudflare.requests]
