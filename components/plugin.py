"""A plugin of Grafana, as data. Nothing here talks to Docker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that a base has for the Grafana of its previews.

    Attributes:
        id: The vendor's name of it.
        version: Its version.
        source: Address or file of its archive; empty: the vendor's catalogue.
    """

    id: str
    version: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"

    @property
    def is_file(self) -> bool:
        """Whether the archive is a file of whoever brings the base up."""
        return bool(self.source) and "://" not in self.source

    @property
    def archive(self) -> str:
        """What the file is called where the base has it."""
        return f"{self}.zip"
