"""What the machine, or the manager of a cluster, does for a preview beside taking its slot."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.environment_args import EnvironmentArgs
from components.files import PreviewFiles, PreviewFilesArgs, digest_of
from components.host_scripts import script
from components.record import PreviewRecord
from components.record_args import PreviewRecordArgs, comment_of


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
    """Keep a copy of the files that all is well with; known once it is there.

    Args:
        name: The preview.
        args: What it is made of.
        well: Ids of what is well: what was good with others has yet to prove so with these.
        opts: Parent, dependencies.
    """
    good = args.host.command(
        f"{name}-good",
        create=script("keep_good"),
        # Goes with the slot.
        delete=None,
        environment={**args.slot.identity, "DIGEST": digest_of(args.folders)},
        triggers=well,
        opts=opts,
    )
    return good.urn.apply(lambda _: True)
