"""Which engine and plugins the project runs with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata

ENGINE = "3.220.0"
"""Least version of the Pulumi engine, and the one that is installed where there is none."""

DOCKER = "29.0.0"
"""The Docker engine that is built where neither one runs nor Docker's packages can be had."""

DOCKER_LEAST = "26.0.0"
"""Least version of the Docker engine: it checks often only what starts (25), and mounts a part of a volume (26)."""

DOCKER_CLIENT = "28.5.2"
"""The program ``docker`` that is built."""

DOCKER_CLIENT_LEAST = "25.0.0"
"""Least version of the program ``docker``: engines from 29 on do not answer an older one."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A resource plugin.

    Attributes:
        name: As in ``pulumi plugin install resource NAME``.
        sources: What it is built from, below ``offline/go``.
        stand_in: Whether that is a stand-in rather than the official plugin's own provider.
    """

    name: str
    sources: tuple[str, ...]
    stand_in: bool = False

    @property
    def version(self) -> str:
        """The version of the installed SDK: the two speak one schema."""
        return metadata.version(f"pulumi_{self.name}")


PLUGINS = (
    Plugin(name="docker", sources=("cmd/pulumi-resource-docker", "internal/bridged", "shim/docker")),
    Plugin(name="random", sources=("cmd/pulumi-resource-random", "internal/bridged", "shim/random")),
    Plugin(name="command", sources=("cmd/pulumi-resource-command", "internal/command"), stand_in=True),
    Plugin(name="hcloud", sources=("cmd/pulumi-resource-hcloud", "internal/bridged")),
    Plugin(name="cloudflare", sources=("cmd/pulumi-resource-cloudflare", "internal/cloudflare"), stand_in=True),
)


def at_least(version: str, least: str) -> bool:
    """Whether a version such as ``3.220.0`` or ``3.221.0-alpha.1`` is not older than another."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return found is not None and tuple(map(int, found.groups())) >= tuple(map(int, least.split(".")))
