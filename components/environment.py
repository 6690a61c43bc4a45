"""Everything that exists because of a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_random as random

from components.container import LABEL_PREVIEW, LABEL_SLUG, Placement, service_container
from components.edge import routing_labels
from components.files import PreviewFiles, PreviewFilesArgs, digest_of
from components.hosts import Host
from components.services import SECRETS, SERVICES, ServiceSpec
from components.slot import Slot, SlotArgs

_INITDB = Path(__file__).parent / "initdb"
_PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class PreviewEnvironmentArgs:
    """What a preview is made of.

    Attributes:
        slug: Names everything.
        branch: Owner of the slug.
        url: Public address.
        host_name: Host name of the public address.
        edge_network: Network of the base's reverse proxy.
        host: The machine it runs on.
        images: Service → image reference.
        folders: Top name (``config``, ``workload``) → folder on this machine.
    """

    slug: str
    branch: str
    url: str
    host_name: str
    edge_network: str
    host: Host
    images: Mapping[str, str]
    folders: Mapping[str, Path]


class PreviewEnvironment(pulumi.ComponentResource):
    """Slot, files, network, secrets, volumes and the seven containers of one branch.

    Attributes:
        credentials: Service → ``user`` and ``password``; secret.
    """

    credentials: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: PreviewEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:environment:PreviewEnvironment", name, None, opts)
        self._name = name
        self._args = args
        self._directory = f"{args.host.directory}/previews/{args.slug}"
        slot = Slot(
            f"{name}-slot",
            SlotArgs(host=args.host, directory=self._directory, branch=args.branch),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # First taken, last given back: all that touches the engine comes after it.
        self._child = pulumi.ResourceOptions(parent=self, depends_on=[slot.taken])
        files = PreviewFiles(
            f"{name}-files",
            PreviewFilesArgs(host=args.host, directory=self._directory, folders=args.folders),
            opts=self._child,
        )
        self._network = docker.Network(
            f"{name}-network",
            name=f"preview-{args.slug}",
            driver="bridge",
            # No way out: not to the internet, not to the metadata address.
            internal=True,
            labels=[docker.NetworkLabelArgs(label=label, value=value) for label, value in self._labels().items()],
            opts=self._child,
        )
        passwords = {secret: self._password(secret) for secret in SECRETS}
        self._secrets: Mapping[str, pulumi.Input[str]] = {**passwords, "pgpass": _pgpass(passwords)}
        containers: dict[str, docker.Container] = {}
        for service in SERVICES:
            waits_for = [containers[key] for key in service.after]
            containers[service.key] = self._container(service, [*files.placed, *waits_for])
        self.credentials = pulumi.Output.secret(
            pulumi.Output.all(
                grafana=passwords["grafana_admin"],
                sink=passwords["sink_postgres"],
                target=passwords["target_postgres"],
            ).apply(_credentials)
        )
        self.register_outputs({"credentials": self.credentials})

    def _labels(self) -> dict[str, str]:
        return {LABEL_PREVIEW: "true", LABEL_SLUG: self._args.slug}

    def _password(self, secret: str) -> pulumi.Output[str]:
        # Letters and digits alone: it passes through SQL, libpq's password file and Grafana's settings unchanged.
        return random.RandomPassword(
            f"{self._name}-{secret.replace('_', '-')}",
            length=_PASSWORD_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        ).result

    def _volume(self, service: ServiceSpec) -> pulumi.Output[str]:
        return docker.Volume(
            f"{self._name}-{service.key}-data",
            name=f"preview-{self._args.slug}-{service.key}",
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in self._labels().items()],
            opts=self._child,
        ).name

    def _container(self, service: ServiceSpec, depends_on: list[pulumi.Resource]) -> docker.Container:
        args = self._args
        placement = Placement(
            slug=args.slug,
            network=self._network.name,
            edge_network=args.edge_network,
            image=args.images.get(service.key, service.image),
            secrets={secret: self._secrets[secret] for secret in service.secrets},
            files_directory=self._directory,
            files_digest=digest_of(args.folders, service.restarts_with) if service.restarts_with else "",
            volume=self._volume(service) if service.data else None,
            initdb=(_INITDB / service.initdb).read_text(encoding="utf-8") if service.initdb else None,
            environment={"GF_SERVER_ROOT_URL": f"{args.url}/"} if service.public else {},
            labels=(
                routing_labels(
                    network=args.edge_network,
                    router=f"preview-{args.slug}",
                    host=args.host_name,
                    port=service.port or 80,
                )
                if service.public
                else {}
            ),
        )
        return service_container(
            f"{self._name}-{service.key}",
            service,
            placement,
            # A container's name is taken until it is gone.
            pulumi.ResourceOptions(parent=self, depends_on=depends_on, delete_before_replace=True),
        )


def _pgpass(passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    return pulumi.Output.concat(
        "target-db:5432:*:pgwatch:",
        passwords["target_pgwatch"],
        "\nsink-postgres:5432:*:pgwatch:",
        passwords["sink_pgwatch"],
        "\n",
    )


def _credentials(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    users = {"grafana": "admin", "sink": "postgres", "target": "postgres"}
    return {service: {"user": users[service], "password": password} for service, password in passwords.items()}
