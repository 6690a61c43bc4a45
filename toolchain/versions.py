"""Which engine and plugins the project runs with."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

ENGINE = "3.220.0"
"""Least version of the Pulumi engine, and the one that is installed where there is none."""


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
