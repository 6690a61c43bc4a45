"""Everything that exists because of a branch, on a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from components.cluster_names import stem_of
from components.environment_args import EnvironmentArgs
from components.grafana_plugins import ClusterPlugins
from components.host_steps import (
    bring_files,
    connect_edge,
    edge_name,
    keep_good,
    make_record,
    take_slot,
)
from components.labels import SERVICE
from components.service import ServicePlacement, described, swarm_service
from components.service_files import ServiceFiles, files_of, require_small
from components.service_secrets import ServiceSecrets, ServiceSecretsArgs
from components.service_spec import ServiceSpec
from components.services import GRAFANA, SERVICES
from components.traefik import routing_labels


class ClusterEnvironment(pulumi.ComponentResource):
    """Slot, files, networks, secrets and the seven services of one branch.

    The manager has the slot and the copy of the files, as a single machine has; services read the files from configs.

    Attributes:
        credentials: Service → ``user`` and ``password``; secret.
        ready: Known once every service is well; what depends on it keeps its old value when one is not.
    """

    credentials: pulumi.Output[dict[str, dict[str, str]]]
    ready: pulumi.Output[bool]

    def __init__(
        self,
        name: str,
        args: EnvironmentArgs,
        *,
        encrypt_overlay: bool,
        plugins: ClusterPlugins,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            name: The preview.
            args: What it is made of.
            encrypt_overlay: Whether what its services say to each other is encrypted between the nodes.
            plugins: The base's plugins of Grafana.
            opts: Providers.

        Raises:
            FilesRefusedError: The files are too large for a cluster; nothing is declared then.
        """
        read = {service.key: files_of(service, args.placed_folders) for service in SERVICES}
        files = [file for own in read.values() for file in own]
        require_small(files, args.placed_folders)
        super().__init__("preview:cluster_environment:ClusterEnvironment", name, None, opts)
        self._name = name
        self._args = args
        self._options = {"encrypted": ""} if encrypt_overlay else None
        slot = take_slot(name, args, pulumi.ResourceOptions(parent=self))
        # First taken, last given back: all that touches Docker comes after it.
        child = pulumi.ResourceOptions(parent=self, depends_on=[slot])
        # Giving the slot back removes everything at once, in the order that a Swarm wants.
        self._kept = pulumi.ResourceOptions(parent=self, depends_on=[slot], deleted_with=slot)
        placed = bring_files(name, args, child)
        make_record(name, args, child)
        self._network = self._closed_network("network", stem_of(args.slot.slug), args.labels)
        self._edge = self._closed_network(
            "edge", edge_name(stem_of(args.slot.slug)), {**args.labels, SERVICE: "edge"}, attachable=True
        )
        connected = connect_edge(
            name, args, self._edge.id, pulumi.ResourceOptions(parent=self, depends_on=[self._edge])
        )
        self._secrets = ServiceSecrets(
            f"{name}-secrets",
            ServiceSecretsArgs(slug=args.slot.slug, labels=args.labels, earlier_passwords=args.earlier_passwords),
            opts=self._kept,
        )
        self._files = ServiceFiles(f"{name}-configs", args.slot.slug, args.labels, opts=self._kept)
        self._read = read
        self._plugins = plugins
        services = [self._service(service, placed) for service in SERVICES]
        self.credentials = self._secrets.credentials
        self.ready = keep_good(
            name,
            args,
            [described(service) for service in services],
            pulumi.ResourceOptions(parent=self, depends_on=[connected, *services]),
        )
        self.register_outputs({"credentials": self.credentials})

    def _service(self, service: ServiceSpec, waits_for: Sequence[pulumi.Resource]) -> docker.Service:
        args, plugins = self._args, self._plugins
        return swarm_service(
            f"{self._name}-{service.key}",
            service,
            ServicePlacement(
                slug=args.slot.slug,
                base=args.slot.base,
                network=self._network.id,
                edge_network=self._edge.id,
                image=args.image(service),
                secrets=self._secrets.mounted(service),
                configs=self._files.mounted(self._read[service.key]),
                environment={
                    **args.environment_of(service),
                    **(plugins.environment() if service.key == GRAFANA.key else {}),
                },
                labels=self._routing(service) if service.public else {},
                mounts=plugins.mounts() if service.key == GRAFANA.key else (),
            ),
            pulumi.ResourceOptions.merge(
                self._kept,
                # A service's name is taken until it is gone.
                pulumi.ResourceOptions(depends_on=waits_for, delete_before_replace=True),
            ),
        )

    def _routing(self, service: ServiceSpec) -> Mapping[str, pulumi.Input[str]]:
        slot = self._args.slot
        return routing_labels(
            base=slot.base,
            provider="swarm",
            network=self._edge.name,
            router=f"preview-{slot.slug}",
            host=self._args.host_name,
            port=service.port or 80,
        )

    def _closed_network(
        self, role: str, name: str, labels: Mapping[str, str], *, attachable: bool = False
    ) -> docker.Network:
        """A network over all nodes without a way out; what is no service joins it only where it is attachable."""
        return docker.Network(
            f"{self._name}-{role}",
            name=name,
            driver="overlay",
            internal=True,
            attachable=attachable,
            options=self._options,
            labels=[docker.NetworkLabelArgs(label=label, value=value) for label, value in labels.items()],
            # A live preview's is as it was made, also by an earlier version: another would mean all services anew.
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(ignore_changes=["name", "options"])),
        )
