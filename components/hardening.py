"""What every container gets, whatever it does: limits, a restart policy, small logs, no privileges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_docker as docker

from components.service_spec import HEALTHY_WITHIN_SECONDS, HealthCheck

LOG_OPTIONS: Mapping[str, str] = {"max-size": "10m", "max-file": "3"}
"""Options of the ``json-file`` log driver: 3 files of 10 MB."""

PROCESSES_OF_A_CONTAINER = 512
"""Processes and threads that a preview's container may have. Docker's provider cannot say it, so the machine does."""

# Counted by the kernel over all processes of a user id, in all containers and previews: as many as those may have
# together, so that none keeps another from starting one. It is all that bounds a container that is not well yet.
_PROCESSES_OF_ONE_USER = 32 * PROCESSES_OF_A_CONTAINER


class Hardening(TypedDict):
    """Arguments that all containers share, as ``docker.Container`` takes them."""

    labels: list[docker.ContainerLabelArgs]
    memory: int
    memory_swap: int
    cpus: str
    restart: str
    log_driver: str
    log_opts: Mapping[str, str]
    read_only: bool
    capabilities: docker.ContainerCapabilitiesArgs
    security_opts: list[str]
    ulimits: list[docker.ContainerUlimitArgs]
    healthcheck: docker.ContainerHealthcheckArgs | None
    wait: bool
    wait_timeout: int


def hardened(
    *,
    labels: Mapping[str, pulumi.Input[str]],
    memory_mib: int,
    cpus: str,
    health: HealthCheck | None = None,
    restart: str = "unless-stopped",
    awaited: bool = True,
) -> Hardening:
    """Arguments of a hardened container.

    Args:
        labels: Label → value.
        memory_mib: Memory limit in MiB; swap is not allowed on top.
        cpus: Share of processors, such as ``"0.25"``.
        health: Health check, if there is one.
        restart: Restart policy.
        awaited: Whether the resource is made only once the container is healthy, where it can say that it is.
    """
    return Hardening(
        labels=[docker.ContainerLabelArgs(label=name, value=value) for name, value in sorted(labels.items())],
        memory=memory_mib,
        # Docker reports this back as twice the memory where it is left open, and every `up` would show a change.
        memory_swap=memory_mib,
        # So is a share reported back as the shortest decimal number.
        cpus=str(float(cpus)),
        restart=restart,
        log_driver="json-file",
        log_opts=LOG_OPTIONS,
        read_only=True,
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        security_opts=["no-new-privileges"],
        ulimits=[docker.ContainerUlimitArgs(name="nproc", hard=_PROCESSES_OF_ONE_USER, soft=_PROCESSES_OF_ONE_USER)],
        healthcheck=_healthcheck(health) if health else None,
        wait=awaited and health is not None,
        wait_timeout=health.healthy_within_seconds if health else HEALTHY_WITHIN_SECONDS,
    )


def _healthcheck(check: HealthCheck) -> docker.ContainerHealthcheckArgs:
    return docker.ContainerHealthcheckArgs(
        tests=["CMD", *check.test],
        start_interval=duration(check.interval_seconds),
        interval=duration(check.rest_seconds),
        timeout=duration(check.timeout_seconds),
        retries=check.retries,
        start_period=duration(check.healthy_within_seconds),
    )


def duration(seconds: float) -> str:
    """As Docker reports it back: ``1m0s``, ``2s``, ``750ms``."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:g}m{rest:g}s" if minutes else f"{rest:g}s"
