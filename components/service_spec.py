"""What is said of one service: image, limits, health, and what it may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CONFIG_MOUNT = "/postgres_ai_configs"
WORKLOAD_MOUNT = "/workload"
SECRETS_MOUNT = "/run/secrets"
PLUGINS_MOUNT = "/var/lib/grafana/plugins"

HEALTHY_WITHIN_SECONDS = 60
"""How long a new container may take to report that it is healthy, where its check does not say otherwise."""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How Docker asks a container whether it works.

    Attributes:
        test: Program and arguments that succeed where it does; the image has them.
        interval_seconds: Pause between two checks of a container that starts.
        timeout_seconds: A check that takes longer has failed.
        rest_seconds: Pause between two checks from the first success on. Docker starts a process in the container
            for each, which costs more than most services do.
        retries: Failures in a row that make a container unhealthy.
        healthy_within_seconds: How long a new container may take until a check succeeds: whoever waits, waits so long,
            and failures do not count before.
    """

    test: tuple[str, ...]
    interval_seconds: float = 1
    timeout_seconds: int = 5
    rest_seconds: int = 10
    retries: int = 3
    healthy_within_seconds: int = HEALTHY_WITHIN_SECONDS


def http_health(
    url: str, *, interval_seconds: float = 1, healthy_within_seconds: int = HEALTHY_WITHIN_SECONDS
) -> HealthCheck:
    """Healthy when a GET succeeds. wget is in every image that is asked so: BusyBox's in the official Alpine ones."""
    return HealthCheck(
        test=("wget", "-q", "-O", "/dev/null", url),
        interval_seconds=interval_seconds,
        healthy_within_seconds=healthy_within_seconds,
    )


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """One container of a preview.

    Attributes:
        key: Name of the service; the container is ``preview-<slug>-<key>``.
        image: Default image reference.
        memory_mib: Memory limit in MiB; swap is not allowed on top.
        cpus: Share of processors, as Docker takes it (``"0.25"``).
        aliases: Names on the preview's network.
        entrypoint: Takes the place of the image's entry point where given.
        command: Arguments.
        environment: Plain settings; never a secret.
        preview_environment: Settings that depend on the preview, with ``{url}`` and ``{home_dashboard}`` for its own.
        secrets: Names of the secrets the container may read, each a file in ``/run/secrets``.
        user: User and group to run as, in numbers, where not the image's own; owns the service's secrets.
        tmpfs: Writable places in memory: path → mount options.
        prepare: Program of the image that fills the data before the service is first started, and finds nothing to do
            where that has been done; takes the service's arguments.
        data: Path that survives a replaced container, on a volume of the preview.
        mounts: Files that are mounted read-only: folder below the preview's files → path in the container.
        reads: Paths below the branch's files that are all it reads of its mounts; empty: everything that is mounted. On
            a cluster a service gets these files alone, and starts anew when one of them changes.
        restarts_with: Paths below the branch's files whose change replaces the container.
        public: Joins the edge network and is routed to.
        port: The service's main port, used for routing.
        stop_grace_seconds: Time between SIGTERM and SIGKILL.
        health: Health check; None where the contract names none.
    """

    key: str
    image: str
    memory_mib: int
    cpus: str
    aliases: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    preview_environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    secrets: tuple[str, ...] = ()
    user: str | None = None
    tmpfs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"/tmp": "size=16m"}))  # noqa: S108
    prepare: str | None = None
    data: str | None = None
    mounts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reads: tuple[str, ...] = ()
    restarts_with: tuple[str, ...] = ()
    public: bool = False
    port: int | None = None
    stop_grace_seconds: int = 10
    health: HealthCheck | None = None
