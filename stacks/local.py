"""Program of the local base."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pulumi
import pulumi_docker as docker

from components.edge import Edge, EdgeArgs
from components.node_metrics import NodeMetrics, NodeMetricsArgs
from stacks.outputs import BaseOutputs, export_when
from stacks.paths import Paths
from stacks.settings import DEFAULT_DOCKER_HOST, base_settings, from_settings
from stacks.targets import LocalHost
from stacks.validation import SettingsError


def local() -> None:
    """The base on this machine's own Docker engine.

    Raises:
        pulumi.RunError: The configuration cannot be used.
    """
    try:
        settings = base_settings(pulumi.get_stack())
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    docker_host = settings.docker_host or os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER_HOST
    host_directory = settings.host_directory or str(Paths.default().host_dir)
    opts = pulumi.ResourceOptions(providers=[docker.Provider("docker", host=docker_host)])
    edge_args = from_settings(
        EdgeArgs,
        settings,
        host=LocalHost(host_directory),
        docker_socket=_socket_path(docker_host),
        docker_host=docker_host,
    )
    edge = Edge("edge", edge_args, opts=opts)
    NodeMetrics("node", from_settings(NodeMetricsArgs, settings), opts=opts)
    outputs = BaseOutputs.from_settings(
        settings,
        kind="local",
        docker_host=docker_host,
        host_directory=host_directory,
        edge_network=f"{settings.name_prefix}traefik-public",
        scheme="https",
        port=settings.https_port,
        address=settings.bind_address,
    )
    # Known only once the edge stands, so that no preview is deployed to half a base.
    export_when(edge.network, outputs)


def _socket_path(docker_host: str) -> str:
    parts = urlsplit(docker_host)
    # An engine that is reached another way still has its socket at the usual path, on its own machine.
    return parts.path if parts.scheme == "unix" else str(Path("/var/run/docker.sock"))
