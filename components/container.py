"""One ServiceSpec becomes one hardened container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.services import HEALTHY_WITHIN_SECONDS, SECRETS_MOUNT, HealthCheck, ServiceSpec

LABEL_PREVIEW = "pgai.preview"
LABEL_SLUG = "pgai.preview.slug"
LABEL_SERVICE = "pgai.preview.service"
LABEL_FILES = "pgai.preview.files"

LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}

# Counted by the kernel over all processes of a user id, so it bounds a fork bomb, not ordinary use. The Docker
# provider knows no limit of processes a container.
_PROCESSES_OF_ONE_USER = 512


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a service's container goes and what is handed to it.

    Attributes:
        slug: The preview.
        network: Name of the preview's network.
        edge_network: Name of the network that the reverse proxy is on; joined by public services alone.
        image: Image reference.
        secrets_volume: Name of the volume with the service's secrets, where it has any.
        files_directory: Directory on the host with the branch's files.
        files_digest: Digest of those files that the service restarts with; empty where there are none.
        volume: Name of the data volume, where the service has data.
        environment: Settings that depend on the preview, added to the service's own.
        labels: Labels that depend on the preview, such as routing.
    """

    slug: str
    network: pulumi.Input[str]
    edge_network: pulumi.Input[str]
    image: str
    secrets_volume: pulumi.Input[str] | None
    files_directory: pulumi.Input[str]
    files_digest: str
    volume: pulumi.Input[str] | None
    environment: Mapping[str, str]
    labels: Mapping[str, str]


def preview_labels(slug: str) -> dict[str, str]:
    """Labels of everything that the engine keeps for a preview."""
    return {LABEL_PREVIEW: "true", LABEL_SLUG: slug}


def cpu_share(share: str) -> str:
    """A share of processors as the engine reads it back, ``0.40`` as ``0.4``: else every ``up`` would show a change."""
    return f"{float(share):g}"


def log_settings() -> Mapping[str, str]:
    """Options of the ``json-file`` log driver: 3 files of 10 MB."""
    return LOG_OPTIONS


def label_args(labels: Mapping[str, str]) -> list[docker.ContainerLabelArgs]:
    """Labels in the provider's form, in a stable order."""
    return [docker.ContainerLabelArgs(label=name, value=value) for name, value in sorted(labels.items())]


def healthcheck_args(check: HealthCheck) -> docker.ContainerHealthcheckArgs:
    """A health check in the provider's form."""
    return docker.ContainerHealthcheckArgs(
        tests=list(check.test),
        interval=f"{check.interval_seconds}s",
        timeout=f"{check.timeout_seconds}s",
        retries=check.retries,
        start_period=f"{check.start_period_seconds}s",
    )


def nproc_limit() -> docker.ContainerUlimitArgs:
    """Bound on the processes of the container's user."""
    return docker.ContainerUlimitArgs(name="nproc", hard=_PROCESSES_OF_ONE_USER, soft=_PROCESSES_OF_ONE_USER)


def service_container(
    name: str, service: ServiceSpec, placement: Placement, opts: pulumi.ResourceOptions
) -> docker.Container:
    """Declare the container of one service.

    The root file system is read-only, every capability is dropped, and no port is published. Secrets are files on a
    volume of the service's own, which it can only read.
    """
    labels = {
        **preview_labels(placement.slug),
        LABEL_SERVICE: service.key,
        **({LABEL_FILES: placement.files_digest} if placement.files_digest else {}),
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
        labels=label_args(labels),
        networks_advanced=networks,
        memory=service.memory_mib,
        # The engine reports this back as twice the memory where it is left open, and every `up` would show a change.
        memory_swap=service.memory_mib,
        cpus=cpu_share(service.cpus),
        restart="unless-stopped",
        log_driver="json-file",
        log_opts=log_settings(),
        read_only=True,
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        security_opts=["no-new-privileges"],
        ulimits=[nproc_limit()],
        tmpfs=dict(service.tmpfs),
        volumes=_volumes(service, placement),
        stop_timeout=service.stop_grace_seconds,
        destroy_grace_seconds=service.stop_grace_seconds,
        healthcheck=healthcheck_args(service.health) if service.health else None,
        wait=service.health is not None,
        wait_timeout=HEALTHY_WITHIN_SECONDS,
        must_run=True,
        opts=opts,
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
    if placement.secrets_volume is not None:
        volumes.append(
            docker.ContainerVolumeArgs(
                container_path=SECRETS_MOUNT, volume_name=placement.secrets_volume, read_only=True
            )
        )
    if service.data is not None:
        volumes.append(docker.ContainerVolumeArgs(container_path=service.data, volume_name=placement.volume))
    return volumes
