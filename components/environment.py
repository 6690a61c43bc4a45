"""Everything that exists because of a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_docker as docker

from components.container import Placement, preparing_container, service_container
from components.environment_args import EnvironmentArgs
from components.files import digest_of
from components.grafana_plugins import plugin_mounts
from components.host_steps import (
    await_networks,
    bring_files,
    connect_edge,
    edge_name,
    keep_good,
    make_record,
    take_slot,
)
from components.labels import SERVICE
from components.secrets import PreviewSecrets, PreviewSecretsArgs
from components.service_spec import ServiceSpec
from components.services import GRAFANA, SERVICES, by_key
from components.traefik import routing_labels


class PreviewEnvironment(pulumi.ComponentResource):
    """Slot, files, networks, secrets, volumes and the seven containers of one branch.

    Attributes:
        credentials: Service → ``user`` and ``password``; secret.
        ready: Known once every container is well; what depends on it keeps its old value when one is not.
    """

    credentials: pulumi.Output[dict[str, dict[str, str]]]
    ready: pulumi.Output[bool]

    def __init__(
        self,
        name: str,
        args: EnvironmentArgs,
        *,
        plugins_volume: str = "",
        plugins: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            name: The preview.
            args: What it is made of.
            plugins_volume: Volume with the base's plugins of Grafana.
            plugins: ``ID@VERSION`` of those that are on it.
            opts: Providers.
        """
        super().__init__("preview:environment:PreviewEnvironment", name, None, opts)
        self._name = name
        self._args = args
        self._plugins = plugin_mounts(plugins_volume, plugins)
        self._labels = args.labels
        # First taken, last given back: all that touches Docker comes after it.
        self._slot = take_slot(name, args, pulumi.ResourceOptions(parent=self))
        self._child = pulumi.ResourceOptions(parent=self, depends_on=[self._slot])
        # Docker's provider stops containers one layer after the other and waits two seconds for each volume to be gone;
        # giving the slot back removes everything at once.
        self._kept = pulumi.ResourceOptions(parent=self, depends_on=[self._slot], deleted_with=self._slot)
        placed = bring_files(name, args, self._child)
        make_record(name, args, self._child)
        self._closed_network("network", f"preview-{args.slot.slug}", self._labels)
        edge = self._closed_network("edge", edge_name(f"preview-{args.slot.slug}"), {**self._labels, SERVICE: "edge"})
        connected = connect_edge(name, args, edge.id, pulumi.ResourceOptions(parent=self, depends_on=[edge]))
        self._networks = await_networks(name, args, self._child)
        self._secrets = PreviewSecrets(
            f"{name}-secrets",
            PreviewSecretsArgs(
                prefix=f"preview-{args.slot.slug}",
                labels=self._labels,
                services=SERVICES,
                image=args.image(by_key()["sink"]),
                earlier_passwords=args.earlier_passwords,
            ),
            opts=self._kept,
        )
        self._preparing: list[pulumi.Resource] = []
        containers = {service.key: self._container(service, placed) for service in SERVICES if service.prepare}
        # Nothing takes processors from what the rest needs: started at once with it, all would be well later.
        settled = [*placed, *self._preparing]
        containers |= {service.key: self._container(service, settled) for service in SERVICES if not service.prepare}
        self.credentials = self._secrets.credentials
        self.ready = keep_good(
            name,
            args,
            [container.id for container in containers.values()],
            pulumi.ResourceOptions(parent=self, depends_on=[connected, *containers.values()]),
        )
        self.register_outputs({"credentials": self.credentials})

    def _closed_network(self, role: str, name: str, labels: Mapping[str, str]) -> docker.Network:
        """A network without a way out: not to the internet, not to the metadata address, not to the machine."""
        return docker.Network(
            f"{self._name}-{role}",
            name=name,
            driver="bridge",
            internal=True,
            # Else the machine has an address in it, and with that whatever listens on all of its addresses.
            options={"com.docker.network.bridge.inhibit_ipv4": "true"},
            labels=[docker.NetworkLabelArgs(label=label, value=value) for label, value in labels.items()],
            # A live preview's is as it was made, also by an earlier version: another would mean all containers anew.
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(ignore_changes=["name", "options"])),
        )

    def _volume(self, service: ServiceSpec) -> pulumi.Output[str]:
        return docker.Volume(
            f"{self._name}-{service.key}-data",
            name=f"preview-{self._args.slot.slug}-{service.key}",
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in self._labels.items()],
            opts=self._kept,
        ).name

    def _prepared(self, service: ServiceSpec, placement: Placement, waits_for: Sequence[pulumi.Resource]) -> Placement:
        """The same placement, known only once the service's data is there."""
        own = pulumi.ResourceOptions(depends_on=waits_for, delete_before_replace=True)
        container = preparing_container(
            f"{self._name}-{service.key}-init", service, placement, pulumi.ResourceOptions.merge(self._kept, own)
        )
        self._preparing.append(container)
        volume = pulumi.Output.all(placement.volume, container.exit_code, container.name).apply(_of_success)
        return replace(placement, volume=volume)

    def _container(self, service: ServiceSpec, waits_for: Sequence[pulumi.Resource]) -> docker.Container:
        args = self._args
        placement = Placement(
            slug=args.slot.slug,
            base=args.slot.base,
            network=self._networks.own,
            edge_network=self._networks.edge,
            image=args.image(service),
            secrets_volume=self._secrets.volume if service.secrets else None,
            files_directory=args.slot.directory,
            files_digest=digest_of(args.folders, service.restarts_with) if service.restarts_with else "",
            volume=self._volume(service) if service.data else None,
            environment=args.environment_of(service),
            labels=(
                routing_labels(
                    base=args.slot.base,
                    network=self._networks.edge,
                    router=f"preview-{args.slot.slug}",
                    host=args.host_name,
                    port=service.port or 80,
                )
                if service.public
                else {}
            ),
            mounts=self._plugins if service.key == GRAFANA.key else (),
        )
        if service.prepare:
            placement = self._prepared(service, placement, waits_for)
        return service_container(
            f"{self._name}-{service.key}",
            service,
            placement,
            pulumi.ResourceOptions(
                parent=self,
                depends_on=waits_for,
                deleted_with=self._slot,
                # A container's name is taken until it is gone.
                delete_before_replace=True,
                # Docker cannot change it, but Docker's provider reports that it had.
                replace_on_changes=["healthcheck"],
            ),
        )


def _of_success(known: Sequence[Any]) -> str:
    """Name of a data volume, once the container that prepares it has ended well.

    Raises:
        pulumi.RunError: It has not.
    """
    volume, code, container = known
    if code:
        raise pulumi.RunError(f"The container {container} could not prepare its data and ended with exit code {code}.")
    return str(volume)
