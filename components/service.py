"""One ServiceSpec becomes one hardened service of a Swarm."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.cluster_names import stem_of
from components.hardening import LOG_OPTIONS, duration
from components.labels import SERVICE, preview_labels
from components.service_spec import HealthCheck, ServiceSpec

_RESTART_SECONDS = 2
_UNITS = {"k": 1 << 10, "m": 1 << 20}


@dataclass(frozen=True, kw_only=True)
class ServicePlacement:
    """What is handed to a service.

    Attributes:
        slug: The preview.
        base: The preview's base, as its labels name it.
        network: Id of the preview's network.
        edge_network: Id of the network that the preview has with the reverse proxy; joined by public services alone.
        image: Image reference, which every node can find.
        secrets: The service's secrets.
        configs: The service's files.
        environment: Settings that depend on the preview, added to the service's own.
        labels: Labels of the service alone, such as routing: those of its containers are seen by another provider of
            the reverse proxy on the manager.
        mounts: What is mounted beside the service's own.
    """

    slug: str
    base: str
    network: pulumi.Input[str]
    edge_network: pulumi.Input[str]
    image: str
    secrets: Sequence[docker.ServiceTaskSpecContainerSpecSecretArgs]
    configs: Sequence[docker.ServiceTaskSpecContainerSpecConfigArgs]
    environment: Mapping[str, str]
    labels: Mapping[str, pulumi.Input[str]]
    mounts: Sequence[docker.ServiceTaskSpecContainerSpecMountArgs] = ()


def swarm_service(
    name: str, service: ServiceSpec, placement: ServicePlacement, opts: pulumi.ResourceOptions
) -> docker.Service:
    """Declare the service; one container of it runs on some node.

    The root file system is read-only, every capability is dropped, and no port is published. What a Swarm's service
    cannot say, no new privileges and limits of processes, its nodes' engines say for all containers.
    """
    labels = {**preview_labels(placement.slug, placement.base), SERVICE: service.key}
    return docker.Service(
        name,
        name=f"{stem_of(placement.slug)}-{service.key}",
        labels=[
            docker.ServiceLabelArgs(label=label, value=value)
            for label, value in sorted({**labels, **placement.labels}.items())
        ],
        mode=docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas=1)),
        # A virtual address would need a balancer in the kernel of each node, for one container.
        endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr"),
        task_spec=docker.ServiceTaskSpecArgs(
            container_spec=_container(service, placement, labels),
            resources=_resources(service),
            restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
                condition="any", delay=_duration(_RESTART_SECONDS), max_attempts=0, window="0s"
            ),
            log_driver=docker.ServiceTaskSpecLogDriverArgs(name="json-file", options=LOG_OPTIONS),
            networks_advanceds=_networks(service, placement),
        ),
        opts=opts,
    )


def described(service: docker.Service) -> pulumi.Output[str]:
    """Changes when the Swarm has to run another container for the service, which stays the same service."""
    return pulumi.Output.json_dumps([service.id, service.task_spec], sort_keys=True).apply(_digest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _container(
    service: ServiceSpec, placement: ServicePlacement, labels: Mapping[str, str]
) -> docker.ServiceTaskSpecContainerSpecArgs:
    return docker.ServiceTaskSpecContainerSpecArgs(
        image=placement.image,
        hostname=service.key,
        commands=list(service.entrypoint) or None,
        args=list(service.command) or None,
        env={**service.environment, **placement.environment} or None,
        user=service.user,
        labels=[
            docker.ServiceTaskSpecContainerSpecLabelArgs(label=label, value=value)
            for label, value in sorted(labels.items())
        ],
        read_only=True,
        cap_drops=["ALL"],
        mounts=[*_mounts(service), *placement.mounts],
        secrets=list(placement.secrets) or None,
        configs=list(placement.configs) or None,
        healthcheck=_healthcheck(service.health) if service.health else None,
        stop_grace_period=_duration(service.stop_grace_seconds),
    )


def _networks(service: ServiceSpec, placement: ServicePlacement) -> list[docker.ServiceTaskSpecNetworksAdvancedArgs]:
    networks = [docker.ServiceTaskSpecNetworksAdvancedArgs(id=placement.network, aliases=list(service.aliases))]
    if service.public:
        networks.append(docker.ServiceTaskSpecNetworksAdvancedArgs(id=placement.edge_network))
    return networks


def _resources(service: ServiceSpec) -> docker.ServiceTaskSpecResourcesArgs:
    """What a service may use is kept free for it."""
    memory, cpus = service.memory_mib << 20, round(float(service.cpus) * 1e9)
    return docker.ServiceTaskSpecResourcesArgs(
        limits=docker.ServiceTaskSpecResourcesLimitsArgs(memory_bytes=memory, nano_cpus=cpus),
        reservation=docker.ServiceTaskSpecResourcesReservationArgs(memory_bytes=memory, nano_cpus=cpus),
    )


def _mounts(service: ServiceSpec) -> list[docker.ServiceTaskSpecContainerSpecMountArgs]:
    """Writable places. Volumes have no name, and so go with their container: no node keeps any."""
    # A place in memory is root's, with the mode of what the image has there; a volume takes over the owner too.
    owned = [path for path, options in service.tmpfs.items() if "uid=" in options]
    in_memory = [
        docker.ServiceTaskSpecContainerSpecMountArgs(
            type="tmpfs",
            target=path,
            tmpfs_options=docker.ServiceTaskSpecContainerSpecMountTmpfsOptionsArgs(size_bytes=_size(options)),
        )
        for path, options in service.tmpfs.items()
        if path not in owned
    ]
    on_disk = [*owned, *([service.data] if service.data else [])]
    return [
        *in_memory,
        *(docker.ServiceTaskSpecContainerSpecMountArgs(type="volume", target=path) for path in on_disk),
    ]


def _size(options: str) -> int:
    """Bytes of a tmpfs, from its mount options."""
    found = re.search(r"(?:^|,)size=([0-9]+)([km])(?:,|$)", options)
    assert found, f"{options} names no size"
    return int(found[1]) * _UNITS[found[2]]


def _healthcheck(check: HealthCheck) -> docker.ServiceTaskSpecContainerSpecHealthcheckArgs:
    # Until the first success an engine looks every five seconds: the provider has no other pause for that.
    return docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
        tests=["CMD", *check.test],
        interval=_duration(check.rest_seconds),
        timeout=_duration(check.timeout_seconds),
        retries=check.retries,
        start_period=_duration(check.healthy_within_seconds),
    )


def _duration(seconds: float) -> str:
    """As the provider reports a service's back: ``1m`` where it reports a container's as ``1m0s``."""
    text = duration(seconds)
    return text.removesuffix("0s") if text.endswith("m0s") else text
