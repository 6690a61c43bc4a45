"""What a preview is made of, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.labels import preview_labels
from components.machine import Host
from components.service_spec import CONFIG_MOUNT, ServiceSpec
from components.slot_args import SlotArgs

INITDB = Path(__file__).parent / "initdb"
"""What initialises the databases, beside the branch's own files."""


@dataclass(frozen=True, kw_only=True)
class RecordArgs:
    """How the public address is found.

    Attributes:
        zone_id: Cloudflare's id of the domain's zone.
        address: IPv4 address of the machine.
    """

    zone_id: str
    address: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """What a preview is made of.

    Attributes:
        slot: Slot on the machine; names the slug and its owner.
        url: Public address.
        host_name: Host name of the public address.
        host: The machine it runs on; the manager of a cluster.
        images: Service → image reference.
        folders: Top name (``config``, ``workload``) → folder on this machine.
        home_dashboard: Dashboard that opens first, relative to the configuration.
        record: DNS record to make; None where the name needs none.
        earlier_passwords: Name of a secret → password, of a preview whose state holds them in another way.
    """

    slot: SlotArgs
    url: str
    host_name: str
    host: Host
    images: Mapping[str, str]
    folders: Mapping[str, Path]
    home_dashboard: str
    record: RecordArgs | None = None
    earlier_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def labels(self) -> dict[str, str]:
        """Labels of everything that Docker keeps for the preview."""
        return preview_labels(self.slot.slug, self.slot.base)

    @property
    def placed_folders(self) -> dict[str, Path]:
        """Folders that services read."""
        return {**self.folders, "initdb": INITDB}

    def image(self, service: ServiceSpec) -> str:
        """Reference of the image that a service runs."""
        return self.images.get(service.key, service.image)

    def environment_of(self, service: ServiceSpec) -> dict[str, str]:
        """A service's settings that depend on the preview."""
        return {
            **{
                name: value.format(url=self.url, home_dashboard=self.home_dashboard)
                for name, value in service.preview_environment.items()
            },
            **(_settings_file(self.folders["config"]) if service.public else {}),
        }


def _settings_file(configuration: Path) -> dict[str, str]:
    """The branch's own settings of Grafana, where it has any; what the environment says goes before them."""
    name = "grafana/provisioning/grafana.ini"
    return {"GF_PATHS_CONFIG": f"{CONFIG_MOUNT}/{name}"} if (configuration / name).is_file() else {}
