"""Metrics of the machine itself."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.container import healthcheck_args, label_args, log_settings, nproc_limit
from components.edge import LABEL_BASE
from components.services import HEALTHY_WITHIN_SECONDS, HealthCheck


@dataclass(frozen=True, kw_only=True)
class NodeMetricsArgs:
    """What the exporter needs to know.

    Attributes:
        prefix: Put before the container's name.
        image: Image of node-exporter.
        port: Port on loopback of the host.
    """

    prefix: str
    image: str
    port: int


class NodeMetrics(pulumi.ComponentResource):
    """node-exporter on loopback of the host (R43)."""

    def __init__(self, name: str, args: NodeMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:node_metrics:NodeMetrics", name, None, opts)
        address = f"127.0.0.1:{args.port}"
        docker.Container(
            f"{name}-exporter",
            name=f"{args.prefix}node-exporter",
            image=args.image,
            user="65534:65534",
            command=["--path.rootfs=/host", f"--web.listen-address={address}"],
            labels=label_args({LABEL_BASE: "true"}),
            # It describes the host: its network interfaces and processes are the point.
            network_mode="host",
            pid_mode="host",
            memory=64,
            memory_swap=64,
            cpus="0.1",
            restart="unless-stopped",
            log_driver="json-file",
            log_opts=log_settings(),
            read_only=True,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            ulimits=[nproc_limit()],
            volumes=[docker.ContainerVolumeArgs(container_path="/host", host_path="/", read_only=True)],
            healthcheck=healthcheck_args(
                HealthCheck(test=("CMD", "wget", "-q", "-O", "/dev/null", f"http://{address}/"), interval_seconds=5)
            ),
            wait=True,
            wait_timeout=HEALTHY_WITHIN_SECONDS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
