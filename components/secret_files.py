"""Secrets as files on a volume, for containers whose root file system is read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.hardening import LOG_OPTIONS

_CARRIED = "/secrets"


@dataclass(frozen=True, kw_only=True)
class ReaderSecrets:
    """Secrets of one reader.

    Attributes:
        owner: User id, in numbers, that may read the files.
        files: File name → content.
    """

    owner: str
    files: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class SecretFilesArgs:
    """What is handed over, and to whom.

    Attributes:
        name: Name of the volume and of its carrier.
        labels: Labels of both.
        image: An image that is on the machine anyway and names no user: Docker would give the files to it.
        readers: Reader → its secrets.
    """

    name: str
    labels: Mapping[str, str]
    image: str
    readers: Mapping[str, ReaderSecrets]


def secrets_mount(volume: pulumi.Input[str], reader: str, target: str) -> docker.ContainerMountArgs:
    """What a reader's container sees of the volume, and cannot write: its own folder."""
    return docker.ContainerMountArgs(
        type="volume",
        source=volume,
        target=target,
        read_only=True,
        volume_options=docker.ContainerMountVolumeOptionsArgs(subpath=reader),
    )


class SecretFiles(pulumi.ComponentResource):
    """A volume with a folder for each reader, filled before the readers start.

    Docker takes files only into a container whose root file system is writable. So a container that is never
    started carries the volume while it is filled; readers mount their folders of it read-only. Neither an environment
    nor ``docker inspect`` shows a secret.

    Attributes:
        volume: Name of the volume, known once it is filled.
    """

    volume: pulumi.Output[str]

    def __init__(self, name: str, args: SecretFilesArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:secret_files:SecretFiles", name, None, pulumi.ResourceOptions(parent=opts.parent))
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with)
        volume = docker.Volume(
            f"{name}-volume",
            name=args.name,
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in args.labels.items()],
            opts=child,
        )
        carrier = docker.Container(
            f"{name}-carrier",
            name=args.name,
            image=args.image,
            start=False,
            must_run=False,
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in args.labels.items()],
            network_mode="none",
            memory=16,
            memory_swap=16,
            cpus="0.1",
            restart="no",
            log_driver="json-file",
            log_opts=LOG_OPTIONS,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            volumes=[docker.ContainerVolumeArgs(container_path=_CARRIED, volume_name=volume.name)],
            uploads=[
                docker.ContainerUploadArgs(
                    file=f"{_CARRIED}/{reader}/{file}",
                    content=pulumi.Output.secret(content),
                    # As libpq wants its file of passwords, and as nobody else needs to read any of them.
                    permissions="0400",
                    owner=secrets.owner,
                )
                for reader, secrets in args.readers.items()
                for file, content in secrets.files.items()
            ],
            opts=pulumi.ResourceOptions.merge(
                child,
                # It runs nothing of its image. Whoever else gets another one needs no new carrier, with which all that
                # read its volume would be made anew.
                pulumi.ResourceOptions(delete_before_replace=True, ignore_changes=["image"]),
            ),
        )
        # Handed on only when the carrier has filled it.
        self.volume = pulumi.Output.all(volume.name, carrier.id).apply(lambda known: str(known[0]))
        self.register_outputs({})
