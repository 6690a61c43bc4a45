"""What is asked for a preview's slot on its machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SlotArgs:
    """What is asked for, and how much there is.

    Attributes:
        directory: Directory of the preview on the host.
        slug: The preview.
        branch: Branch that wants the slug.
        base: Label of the containers of the base's previews, which are counted.
        limit: Previews that may run at once.
        disk_gb: Free disk that there must be, in units of 10⁹ bytes.
        memory_gb: Available memory that there must be, in units of 10⁹ bytes.
        docker_host: Docker engine as the host itself reaches it; empty for its own socket.
        services: Whether previews are services of a cluster that the host manages, not containers of the host alone.
    """

    directory: str
    slug: str
    branch: str
    base: str
    limit: int
    disk_gb: int
    memory_gb: int
    docker_host: str = ""
    services: bool = False

    @property
    def of_base(self) -> dict[str, str]:
        """Variables of the scripts that find all previews of the base."""
        return {
            "BASE": self.base,
            **({"DOCKER_HOST": self.docker_host} if self.docker_host else {}),
            **({"RUNTIME": "services"} if self.services else {}),
        }

    @property
    def identity(self) -> dict[str, str]:
        """Variables of the scripts that find what belongs to the preview."""
        return {"DIRECTORY": self.directory, "SLUG": self.slug, **self.of_base}

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the scripts that take the slot and give it back."""
        return {
            **self.identity,
            "BRANCH": self.branch,
            "LIMIT": str(self.limit),
            "DISK_GB": str(self.disk_gb),
            "MEMORY_GB": str(self.memory_gb),
        }
