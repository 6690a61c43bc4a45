"""What makes machines at Hetzner a cluster: a private network, and workers beside the server."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud

from components.hetzner import own_address, ping_rule, ssh_rule
from components.labels import IN_CLOUD


@dataclass(frozen=True, kw_only=True)
class PrivateNetworkArgs:
    """What is asked for.

    Attributes:
        server_name: Name of the manager's server; all names begin with it.
        private_network: Range of addresses, ``A.B.C.D/N``.
        location: Hetzner's name of the location.
        ssh_port: Port of the workers' SSH servers.
    """

    server_name: str
    private_network: str
    location: str
    ssh_port: int


class PrivateNetwork(pulumi.ComponentResource):
    """A network that only the machines of a cluster are in, and what lets in who comes to workers from elsewhere.

    Attributes:
        firewall: Firewall of all workers. It has no rule for what machines of a cluster ask of each other: that goes
            through the private network, where no firewall is.
    """

    firewall: hcloud.Firewall

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:cluster:PrivateNetwork", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._range = ipaddress.IPv4Network(args.private_network)
        network = hcloud.Network(
            f"{name}-network",
            name=f"{args.server_name}-network",
            ip_range=args.private_network,
            labels=IN_CLOUD,
            opts=self._child,
        )
        self._subnet = hcloud.NetworkSubnet(
            f"{name}-subnet",
            network_id=network.id.apply(int),
            type="cloud",
            ip_range=args.private_network,
            network_zone=hcloud.get_location(name=args.location).network_zone,
            opts=self._child,
        )
        self.firewall = hcloud.Firewall(
            f"{name}-firewall",
            name=f"{args.server_name}-workers-firewall",
            rules=[ssh_rule(args.ssh_port), ping_rule()],
            labels=IN_CLOUD,
            opts=self._child,
        )
        self.register_outputs({})

    def address(self, index: int) -> str:
        """IPv4 address of a machine in the network.

        Args:
            index: 0 for the manager, N for the N-th worker.
        """
        # The first is the gateway's.
        return str(self._range[2 + index])

    def attach(
        self, name: str, server: hcloud.Server, index: int, opts: pulumi.ResourceOptions
    ) -> hcloud.ServerNetwork:
        """Put a server into the network, under its address.

        Args:
            name: Name of the resource.
            server: The server.
            index: As for :meth:`address`.
            opts: Its parent.
        """
        return hcloud.ServerNetwork(
            name,
            server_id=server.id.apply(int),
            subnet_id=self._subnet.id,
            ip=self.address(index),
            opts=opts,
        )


@dataclass(frozen=True, kw_only=True)
class WorkerArgs:
    """What is asked for.

    Attributes:
        server_name: Name of its server, and its host name.
        server_type: Hetzner's name of the size.
        location: Hetzner's name of the location.
        server_image: Operating system.
        key: Key of whoever deploys.
        firewall: Its firewall.
        along_with: The worker is made anew whenever this is, for it would be part of a cluster that is no more.
        user_data: cloud-init's configuration of the first boot.
    """

    server_name: str
    server_type: str
    location: str
    server_image: str
    key: hcloud.SshKey
    firewall: hcloud.Firewall
    along_with: pulumi.Resource
    user_data: pulumi.Input[str]


class Worker(pulumi.ComponentResource):
    """A server that previews run on and nobody looks at from outside.

    Attributes:
        address: IPv4 address, by which whoever deploys reaches it.
        server: The server.
    """

    address: pulumi.Output[str]
    server: hcloud.Server

    def __init__(self, name: str, args: WorkerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:cluster:Worker", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        address = own_address(f"{name}-address", args.server_name, args.location, child)
        self.server = hcloud.Server(
            f"{name}-server",
            name=args.server_name,
            server_type=args.server_type,
            location=args.location,
            image=args.server_image,
            ssh_keys=[args.key.id],
            user_data=args.user_data,
            firewall_ids=[args.firewall.id.apply(int)],
            public_nets=[hcloud.ServerPublicNetArgs(ipv4_enabled=True, ipv4=address.id.apply(int), ipv6_enabled=False)],
            labels=IN_CLOUD,
            # As for the manager: what the first boot would do now is done by a server that is made after this one was
            # destroyed. One that is replaced boots with the old data.
            opts=pulumi.ResourceOptions.merge(
                child,
                pulumi.ResourceOptions(
                    ignore_changes=["userData", "sshKeys", "image"],
                    delete_before_replace=True,
                    replace_with=[args.along_with],
                ),
            ),
        )
        self.address = address.ip_address
        self.register_outputs({"address": self.address})
