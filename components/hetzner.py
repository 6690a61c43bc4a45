"""The machine of the production base: server, address, firewall, key."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pulumi
import pulumi_hcloud as hcloud

from components.labels import IN_CLOUD

_FAMILY = "ralph-preview-"
_WORKER = re.compile(r"-worker-\d+$")
_ANYWHERE = ["0.0.0.0/0", "::/0"]
# As published; toolchain/cloudflare_ranges.py renews them.
_CLOUDFLARE = Path(__file__).with_name("cloudflare_ranges.json")


class HostRefusedError(Exception):
    """The server must not be made, or cannot be; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class HetznerHostArgs:
    """What is asked for.

    Attributes:
        server_name: ``ralph-preview-NN``.
        server_type: Hetzner's name of the size, orderable in the location.
        location: Hetzner's name of the location.
        server_image: Operating system.
        ssh_port: Port of its SSH server.
        http_port: Public port that redirects to https.
        https_port: Public port of the previews.
        web_from: Who reaches those two: Cloudflare, which all records lead through, or anybody.
        ssh_public_key: Public key of whoever deploys, one line of OpenSSH's form.
        user_data: cloud-init's configuration of the first boot.
    """

    server_name: str
    server_type: str
    location: str
    server_image: str
    ssh_port: int
    http_port: int
    https_port: int
    web_from: Literal["cloudflare", "anywhere"]
    ssh_public_key: str
    user_data: pulumi.Input[str]


class HetznerHost(pulumi.ComponentResource):
    """One server with an address that outlives it.

    Attributes:
        address: IPv4 address.
        server: The server. What is on it goes with it.
        key: Key of whoever deploys.
    """

    address: pulumi.Output[str]
    server: hcloud.Server
    key: hcloud.SshKey

    def __init__(self, name: str, args: HetznerHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:host:HetznerHost", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        digest = hashlib.sha256(args.ssh_public_key.encode()).hexdigest()[:8]
        self.key = hcloud.SshKey(
            f"{name}-key",
            # Names are unique, and the next key is there before this one goes.
            name=f"{args.server_name}-deploy-{digest}",
            public_key=args.ssh_public_key,
            labels=IN_CLOUD,
            opts=child,
        )
        address = own_address(f"{name}-address", args.server_name, args.location, child)
        firewall = hcloud.Firewall(
            f"{name}-firewall",
            name=f"{args.server_name}-firewall",
            # In the cloud's network: ports that Docker publishes bypass a firewall on the host.
            rules=[
                ssh_rule(args.ssh_port),
                tcp_rule(args.http_port, _web_sources(args.web_from), "http, redirects"),
                tcp_rule(args.https_port, _web_sources(args.web_from), "https"),
                ping_rule(),
            ],
            labels=IN_CLOUD,
            opts=child,
        )
        self.server = hcloud.Server(
            f"{name}-server",
            name=args.server_name,
            server_type=args.server_type,
            location=args.location,
            image=args.server_image,
            ssh_keys=[self.key.id],
            user_data=args.user_data,
            firewall_ids=[firewall.id.apply(int)],
            public_nets=[hcloud.ServerPublicNetArgs(ipv4_enabled=True, ipv4=address.id.apply(int), ipv6_enabled=False)],
            labels=IN_CLOUD,
            # First boot is over: what it would do now is done by hand or by a server that is made after this one was
            # destroyed, never by surprise. One that the engine replaces in one update boots with the old data: what is
            # ignored has its old value again before the engine decides what to do.
            opts=pulumi.ResourceOptions.merge(
                child,
                pulumi.ResourceOptions(ignore_changes=["userData", "sshKeys", "image"], delete_before_replace=True),
            ),
        )
        self.address = address.ip_address
        self.register_outputs({"address": self.address})


def own_address(name: str, server_name: str, location: str, opts: pulumi.ResourceOptions) -> hcloud.PrimaryIp:
    """An IPv4 address that a server has, and that stays when the server is replaced: names and host keys go by it."""
    return hcloud.PrimaryIp(
        name,
        name=f"{server_name}-ipv4",
        type="ipv4",
        assignee_type="server",
        location=location,
        auto_delete=False,
        labels=IN_CLOUD,
        opts=opts,
    )


def tcp_rule(port: int, sources: list[str], text: str) -> hcloud.FirewallRuleArgs:
    """A port that is open to some."""
    return hcloud.FirewallRuleArgs(direction="in", protocol="tcp", port=str(port), source_ips=sources, description=text)


def ssh_rule(port: int) -> hcloud.FirewallRuleArgs:
    """Whoever deploys comes from anywhere, with a key."""
    return tcp_rule(port, _ANYWHERE, "ssh")


def ping_rule() -> hcloud.FirewallRuleArgs:
    """Whether a machine is there."""
    return hcloud.FirewallRuleArgs(direction="in", protocol="icmp", source_ips=_ANYWHERE, description="ping")


def _web_sources(web_from: Literal["cloudflare", "anywhere"]) -> list[str]:
    if web_from == "anywhere":
        return _ANYWHERE
    ranges: list[str] = json.loads(_CLOUDFLARE.read_text(encoding="utf-8"))["ranges"]
    return ranges


def require_only_server(server_name: str) -> None:
    """Refuse when another server of the same family exists, before anything is made.

    Asks Hetzner at every preview and update, so one that somebody made by hand is noticed too. Workers of a cluster are
    none of the family.

    Raises:
        HostRefusedError: Names all others.
    """
    others = sorted(
        server.name
        for server in hcloud.get_servers().servers
        if server.name.startswith(_FAMILY) and not _WORKER.search(server.name) and server.name != server_name
    )
    if others:
        raise HostRefusedError(
            f"The Hetzner project already has {', '.join(others)}, and there may be one {_FAMILY}* server only: "
            f"delete it, or set serverName to its name and import it instead of making {server_name}."
        )


def require_orderable(server_type: str, location: str, setting: str = "serverType") -> None:
    """Refuse a size that Hetzner no longer sells, or not there.

    Args:
        server_type: Hetzner's name of the size.
        location: Hetzner's name of the location.
        setting: Key of the configuration that has named it.

    Raises:
        HostRefusedError: Names sizes that would do.
    """
    types = {found.name: found for found in hcloud.get_server_types().server_types}
    found = types.get(server_type)
    orderable = sorted(
        name for name, one in types.items() if one.cores >= 4 and one.memory >= 8 and _sold(one.locations, location)
    )
    remedy = f"set {setting} to one of {', '.join(orderable) or '(none is sold there)'}, or choose another location."
    if found is None:
        raise HostRefusedError(f"Hetzner has no server type {server_type!r}: {remedy}")
    if not _sold(found.locations, location):
        raise HostRefusedError(f"The server type {server_type!r} cannot be ordered in {location!r} any more: {remedy}")
    if found.cores < 4 or found.memory < 8:
        raise HostRefusedError(
            f"The server type {server_type!r} has {found.cores} vCPU and {found.memory:g} GB, and two previews need "
            f"4 vCPU and 8 GB: {remedy}"
        )


def _sold(locations: Sequence[hcloud.outputs.GetServerTypesServerTypeLocationResult], location: str) -> bool:
    # Releases of the provider before availability was known leave it open.
    return any(one.name == location and one.available is not False and not one.is_deprecated for one in locations or [])
