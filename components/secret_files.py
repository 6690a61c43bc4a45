"""Secrets as files on volumes, for containers whose root file system is read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.hardening import LOG_OPTIONS


@dataclass(frozen=True, kw_only=True)
class SecretVolume:
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
        name: Name of the carrier; the volumes are named ``<prefix>-<reader>-secrets``.
        prefix: Start of the volumes' names.
        labels: Labels of the volumes and of the carrier.
        image: An image that is on the machine anyway and names no user: the engine would give the files to it.
        volumes: Reader → its secrets.
    """

    name: str
    prefix: str
    labels: Mapping[str, str]
    image: str
    volumes: Mapping[str, SecretVolume]


class SecretFiles(pulumi.ComponentResource):
    """One volume for each reader, filled before the reader starts.

    The engine takes files only into a container whose root file system is writable. So a container that is never
    started carries the volumes while they are filled; readers mount them read-only. Neither an environment nor
    ``docker inspect`` shows a secret.

    Attributes:
        volumes: Reader → name of its volume, known once it is filled.
    """

    volumes: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: SecretFilesArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:secret_files:SecretFiles", name, None, pulumi.ResourceOptions(parent=opts.parent))
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with)
        volumes = {
            reader: docker.Volume(
                f"{name}-{reader}",
                name=f"{args.prefix}-{reader}-secrets",
                labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in args.labels.items()],
                opts=child,
            )
            for reader in args.volumes
        }
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
            volumes=[
                docker.ContainerVolumeArgs(container_path=f"/secrets/{reader}", volume_name=volume.name)
                for reader, volume in volumes.items()
            ],
            uploads=[
                docker.ContainerUploadArgs(
                    file=f"/secrets/{reader}/{file}",
                    content=pulumi.Output.secret(content),
                    # As libpq wants its file of passwords, and as nobody else needs to read any of them.
                    permissions="0400",
                    owner=secrets.owner,
                )
                for reader, secrets in args.volumes.items()
                for file, content in secrets.files.items()
            ],
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        # A volume's name is handed on only when the carrier has filled it.
        self.volumes = {
            reader: pulumi.Output.all(volume.name, carrier.id).apply(lambda known: str(known[0]))
            for reader, volume in volumes.items()
        }
        self.register_outputs({})
