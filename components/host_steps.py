"""What the machine, or the manager of a cluster, does for a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.environment_args import EnvironmentArgs
from components.files import PreviewFiles, PreviewFilesArgs, digest_of
from components.hardening import PROCESSES_OF_A_CONTAINER
from components.host_scripts import script
from components.record import PreviewRecord
from components.record_args import PreviewRecordArgs, comment_of
from components.services import SERVICES
from components.slot import Slot


def take_slot(name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Take the preview's slot, first of all that touches Docker, and given back last."""
    return Slot(f"{name}-slot", args.host, args.slot, images=map(args.image, SERVICES), opts=opts).taken


def bring_files(name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """Copy the branch's folders into the preview's directory."""
    files = PreviewFiles(
        f"{name}-files",
        PreviewFilesArgs(host=args.host, directory=args.slot.directory, folders=args.placed_folders),
        opts=opts,
    )
    return files.placed


def make_record(name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions) -> None:
    """Make the DNS record, where the name needs one."""
    if args.record is not None:
        PreviewRecord(
            f"{name}-record",
            PreviewRecordArgs(
                zone_id=args.record.zone_id,
                host_name=args.host_name,
                address=args.record.address,
                comment=comment_of(args.slot.branch),
            ),
            opts=opts,
        )


def edge_name(stem: str) -> str:
    """Name of a preview's network with the reverse proxy.

    Slugs have no underscore. With a dash it would be the own network of the preview of the branch ``…-edge``.
    """
    return f"{stem}_edge"


_SECONDS_UNTIL_WELL = str(max(service.health.healthy_within_seconds for service in SERVICES if service.health))


@dataclass(frozen=True)
class Networks:
    """Names of a preview's networks, known once these are there.

    Attributes:
        own: Of what its services share.
        edge: Of the one that it has with the reverse proxy.
    """

    own: pulumi.Output[str]
    edge: pulumi.Output[str]


def await_networks(name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions) -> Networks:
    """Wait for the networks that are made meanwhile.

    Docker's provider takes two seconds to say that it has made one, which nobody who only needs it has to wait for.

    Args:
        name: The preview.
        args: What it is made of.
        opts: Parent, dependencies: what the networks depend on, but not they.
    """
    found = args.host.command(
        f"{name}-networks",
        create=script("await_networks"),
        # Makes nothing.
        delete=None,
        environment=args.slot.identity,
        opts=opts,
    ).stdout
    return Networks(own=found.apply(lambda said: said.split()[0]), edge=found.apply(lambda said: said.split()[1]))


def connect_edge(
    name: str, args: EnvironmentArgs, edge: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """Bring the reverse proxy to the preview's edge network.

    Args:
        name: The preview.
        args: What it is made of.
        edge: Id of the network.
        opts: Parent, dependencies.
    """
    return args.host.command(
        f"{name}-connect",
        create=script("connect_edge"),
        # The slot's scripts disconnect it.
        delete=None,
        environment=args.slot.identity,
        triggers=[edge],
        opts=opts,
    )


def keep_good(
    name: str, args: EnvironmentArgs, well: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> pulumi.Output[bool]:
    """Wait until all is well, and keep a copy of the files that it is well with; known once it is there.

    On one machine it also limits the processes of each container.

    Args:
        name: The preview.
        args: What it is made of.
        well: What changes with each container that has to be well, such as its id: what was good with others has yet to
            prove so with these.
        opts: Parent, dependencies.
    """
    good = args.host.command(
        f"{name}-good",
        create=script("keep_good"),
        # Goes with the slot.
        delete=None,
        environment={
            **args.slot.identity,
            "DIGEST": digest_of(args.folders),
            "SECONDS_UNTIL_WELL": _SECONDS_UNTIL_WELL,
            "PROCESSES": str(PROCESSES_OF_A_CONTAINER),
        },
        triggers=well,
        opts=opts,
    )
    return good.urn.apply(lambda _: True)
