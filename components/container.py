"""One ServiceSpec becomes one hardened container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.hardening import hardened
from components.labels import FILES, PREPARING, SERVICE, preview_labels
from components.secret_files import secrets_mount
from components.service_spec import SECRETS_MOUNT, ServiceSpec

_PREPARING_CPUS = "1"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a service's container goes and what is handed to it.

    Attributes:
        slug: The preview.
        base: The preview's base, as its labels name it.
        network: Name of the preview's network.
        edge_network: Name of the network that the preview has with the reverse proxy; joined by public services alone.
        image: Image reference.
        secrets_volume: Name of the volume with a folder for the service's secrets, where it has any.
        files_directory: Directory on the host with the branch's files.
        files_digest: Digest of those files that the service restarts with; empty where there are none.
        volume: Name of the data volume, where the service has data.
        environment: Settings that depend on the preview, added to the service's own.
        labels: Labels that depend on the preview, such as routing.
        mounts: Mounts that depend on the base.
    """

    slug: str
    base: str
    network: pulumi.Input[str]
    edge_network: pulumi.Input[str]
    image: str
    secrets_volume: pulumi.Input[str] | None
    files_directory: pulumi.Input[str]
    files_digest: str
    volume: pulumi.Input[str] | None
    environment: Mapping[str, str]
    labels: Mapping[str, pulumi.Input[str]]
    mounts: Sequence[docker.ContainerMountArgs] = ()


def service_container(
    name: str, service: ServiceSpec, placement: Placement, opts: pulumi.ResourceOptions
) -> docker.Container:
    """Declare the container of one service.

    The root file system is read-only, every capability is dropped, and no port is published. Secrets are files in a
    folder of the service's own, which it can only read. That it becomes healthy is not waited for.
    """
    labels = {
        **preview_labels(placement.slug, placement.base),
        SERVICE: service.key,
        **({FILES: placement.files_digest} if placement.files_digest else {}),
        **placement.labels,
    }
    networks = [docker.ContainerNetworksAdvancedArgs(name=placement.network, aliases=list(service.aliases))]
    if service.public:
        networks.append(docker.ContainerNetworksAdvancedArgs(name=placement.edge_network))
    return docker.Container(
        name,
        name=f"preview-{placement.slug}-{service.key}",
        image=placement.image,
        hostname=service.key,
        entrypoints=list(service.entrypoint) or None,
        command=list(service.command) or None,
        envs=[f"{key}={value}" for key, value in sorted({**service.environment, **placement.environment}.items())],
        user=service.user,
        networks_advanced=networks,
        tmpfs=dict(service.tmpfs),
        volumes=_volumes(service, placement),
        mounts=[*(_secrets(service, placement) or []), *placement.mounts] or None,
        stop_timeout=service.stop_grace_seconds,
        destroy_grace_seconds=service.stop_grace_seconds,
        opts=opts,
        **hardened(
            labels=labels,
            memory_mib=service.memory_mib,
            cpus=service.cpus,
            health=service.health,
            awaited=False,
        ),
    )


def preparing_container(
    name: str, service: ServiceSpec, placement: Placement, opts: pulumi.ResourceOptions
) -> docker.Container:
    """Declare the container that fills a service's data volume before the service is first started.

    It runs to its end once, without a network and with a processor to itself: within its own share a database takes six
    seconds to initialise, and everything that needs it would wait.
    """
    return docker.Container(
        name,
        name=f"preview-{placement.slug}-{service.key}-init",
        image=placement.image,
        entrypoints=[service.prepare or ""],
        command=list(service.command) or None,
        envs=[f"{key}={value}" for key, value in sorted(service.environment.items())],
        user=service.user,
        network_mode="none",
        tmpfs=dict(service.tmpfs),
        volumes=_volumes(service, placement),
        mounts=_secrets(service, placement),
        # Its end is waited for.
        attach=True,
        must_run=False,
        opts=opts,
        **hardened(
            labels={
                **preview_labels(placement.slug, placement.base),
                SERVICE: f"{service.key}{PREPARING}",
            },
            memory_mib=service.memory_mib,
            cpus=_PREPARING_CPUS,
            restart="no",
        ),
    )


def _volumes(service: ServiceSpec, placement: Placement) -> list[docker.ContainerVolumeArgs]:
    volumes = [
        docker.ContainerVolumeArgs(
            container_path=path,
            host_path=pulumi.Output.concat(placement.files_directory, f"/{folder}"),
            read_only=True,
        )
        for folder, path in service.mounts.items()
    ]
    if service.data is not None:
        volumes.append(docker.ContainerVolumeArgs(container_path=service.data, volume_name=placement.volume))
    return volumes


def _secrets(service: ServiceSpec, placement: Placement) -> list[docker.ContainerMountArgs] | None:
    if placement.secrets_volume is None:
        return None
    return [secrets_mount(placement.secrets_volume, service.key, SECRETS_MOUNT)]
