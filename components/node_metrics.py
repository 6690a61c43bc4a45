"""Metrics of the machine itself."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.hardening import hardened
from components.labels import PART_OF_BASE
from components.service_spec import http_health


@dataclass(frozen=True, kw_only=True)
class NodeMetricsArgs:
    """What the exporter needs to know.

    Attributes:
        name_prefix: Put before the container's name.
        node_exporter_image: Image of node-exporter.
        node_exporter_port: Port on loopback of the machine.
    """

    name_prefix: str
    node_exporter_image: str
    node_exporter_port: int


class NodeMetrics(pulumi.ComponentResource):
    """node-exporter on loopback of the host."""

    def __init__(self, name: str, args: NodeMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:node_metrics:NodeMetrics", name, None, opts)
        address = f"127.0.0.1:{args.node_exporter_port}"
        options = hardened(
            labels={PART_OF_BASE: "true"},
            memory_mib=64,
            cpus="0.10",
            health=http_health(f"http://{address}/", interval_seconds=5),
        )
        # Docker adds it where a container sees the host's processes; unsaid, a refresh would show a change.
        options["security_opts"].append("label=disable")
        docker.Container(
            f"{name}-exporter",
            name=f"{args.name_prefix}node-exporter",
            image=args.node_exporter_image,
            user="65534:65534",
            command=["--path.rootfs=/host", f"--web.listen-address={address}"],
            # It describes the host: its network interfaces and processes are the point.
            network_mode="host",
            pid_mode="host",
            tmpfs={"/tmp": "size=1m"},  # noqa: S108
            volumes=[docker.ContainerVolumeArgs(container_path="/host", host_path="/", read_only=True)],
            opts=pulumi.ResourceOptions(parent=self),
            **options,
        )
        self.register_outputs({})
