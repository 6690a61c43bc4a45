"""Program of the local base."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pulumi
import pulumi_docker as docker

from components.edge import Edge, EdgeArgs
from components.host_scripts import script
from components.node_metrics import NodeMetrics, NodeMetricsArgs
from stacks.base_plugins import BasePlugins
from stacks.exchange import export_when, read_settings
from stacks.names import page_host, url_of
from stacks.nodes import nodes_of
from stacks.outputs import BaseOutputs
from stacks.paths import Paths
from stacks.settings import LocalSettings, from_settings
from stacks.targets import LocalHost
from stacks.validation import SettingsError


def local() -> None:
    """The base on this machine's own Docker engine.

    Raises:
        pulumi.RunError: The configuration cannot be used, or the engine is not one of this machine.
    """
    try:
        settings = read_settings(LocalSettings, pulumi.get_stack())
        docker_host = settings.engine(os.environ.get("DOCKER_HOST", ""))
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    nodes = nodes_of(settings.nodes)
    host_directory = settings.host_directory or str(Paths.default().host_dir)
    opts = pulumi.ResourceOptions(providers=[docker.Provider("docker", host=docker_host)])
    host = LocalHost(host_directory)
    page_url = url_of(page_host(settings.domain), "https", settings.https_port)
    edge_args = from_settings(
        EdgeArgs,
        settings,
        host=host,
        docker_socket=_socket_path(docker_host),
        docker_host=docker_host,
        page_host=page_host(settings.domain),
        page_url=page_url,
        provider="swarm" if nodes else "docker",
    )
    edge = Edge("edge", edge_args, opts=opts)
    metrics = NodeMetrics("node", from_settings(NodeMetricsArgs, settings), opts=opts)
    plugins = BasePlugins(settings)
    of_plugins = plugins.install(host, opts, nodes[0].name if nodes else "")
    for node in nodes[1:]:
        engine = docker.Provider(f"docker-{node.name}", host=node.docker_host)
        of_plugins += plugins.install(host, pulumi.ResourceOptions(providers=[engine]), node.name)
    # Made last, so destroyed first: its refusal stops everything before anything is gone.
    host.command(
        "guard",
        create="true",
        delete=script("refuse_while_in_use"),
        environment={"PREVIEWS": f"{host_directory}/previews"},
        opts=pulumi.ResourceOptions(depends_on=[edge, metrics, *of_plugins]),
    )
    outputs = BaseOutputs.from_settings(
        settings,
        kind="local",
        docker_host=docker_host,
        host_directory=host_directory,
        edge_network=f"{settings.name_prefix}traefik-public",
        scheme="https",
        port=settings.https_port,
        address=settings.bind_address,
        page_directory=edge.page_directory,
        page_url=page_url,
        nodes=[node.model_dump() for node in nodes],
        **plugins.outputs(),
    )
    # Known only once the edge stands, so that no preview is deployed to half a base.
    export_when(edge.network, outputs)


def _socket_path(docker_host: str) -> str:
    return urlsplit(docker_host).path
