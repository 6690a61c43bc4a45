"""Program of the production base: one Hetzner VM and the edge on it, and workers beside it where there are any."""

from __future__ import annotations

import os
from typing import Literal

import pulumi

from components.certificate import CertificateArgs
from components.cloud_init import DIRECTORY, USER, CloudInitArgs, user_data
from components.edge import Edge, EdgeArgs
from components.hetzner import HetznerHost, HetznerHostArgs, HostRefusedError, require_only_server, require_orderable
from components.host_scripts import script
from components.node_metrics import NodeMetrics, NodeMetricsArgs
from components.record import PreviewRecord
from components.record_args import PreviewRecordArgs
from stacks.base_plugins import BasePlugins
from stacks.cluster import Manager, cluster
from stacks.exchange import export_when, read_settings
from stacks.names import page_host, url_of
from stacks.outputs import BaseOutputs
from stacks.settings import ProductionSettings, from_settings
from stacks.ssh import SshAddress, SshHost, learn_host_key, on_engine
from stacks.validation import SettingsError

_TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105  a variable's name
_PING_VARIABLE = "PREVIEW_HEALTH_PING_URL"
_BOOT_DIAL_ATTEMPTS = 60
# Whoever is refused a replacement would ask for the same again.
_NEW_SERVER = (
    "For a new server run pulumi destroy and pulumi up then, as RUNBOOK.md has it: with pulumi up --replace it "
    "would boot with the settings of the old one."
)


def production() -> None:
    """The base on a Hetzner VM.

    Raises:
        pulumi.RunError: The configuration cannot be used, another server exists, or the size is not sold.
    """
    try:
        settings = read_settings(ProductionSettings, pulumi.get_stack())
        require_only_server(settings.server_name)
        require_orderable(settings.server_type, settings.location)
        if settings.workers and settings.worker_type:
            require_orderable(settings.worker_type, settings.location, "workerType")
    except (SettingsError, HostRefusedError) as error:
        raise pulumi.RunError(str(error)) from None
    token = os.environ.get(_TOKEN_VARIABLE, "")
    if not token:
        raise pulumi.RunError(
            f"{_TOKEN_VARIABLE} is not set: export a Cloudflare token that may edit the DNS of {settings.domain}."
        )
    directory = settings.host_directory or DIRECTORY
    role: Literal["alone", "manager"] = "manager" if settings.workers else "alone"
    machine = HetznerHost(
        "host", from_settings(HetznerHostArgs, settings, user_data=_first_boot(settings, directory, role))
    )
    host_key = learn_host_key(
        "host-key",
        machine.address,
        machine.server,
        settings.ssh_port,
        settings.ready_within_seconds,
        pulumi.ResourceOptions(parent=machine),
    )
    address = SshAddress(
        host=machine.address,
        port=settings.ssh_port,
        user=USER,
        host_key=host_key,
        dial_attempts=_BOOT_DIAL_ATTEMPTS,
    )
    host = SshHost(address, directory)
    ready = host.command(
        "ready",
        create=script("wait_ready"),
        delete=None,
        environment={"SECONDS_AT_MOST": str(settings.ready_within_seconds)},
        opts=pulumi.ResourceOptions(parent=machine, replace_on_changes=["connection"]),
    )
    previews = f"{directory}/previews"
    on_machine = on_engine("docker", address, ready, machine.server)
    plugins = BasePlugins(settings)
    of_plugins = plugins.install(host, on_machine, settings.server_name if settings.workers else "")
    members = cluster(
        settings,
        Manager(machine=machine, address=address, host=host, ready=ready),
        _first_boot(settings, directory, "worker"),
        previews,
        plugins,
    )
    edge = _edge(settings, host, token, on_machine)
    record = PreviewRecord(
        "page",
        PreviewRecordArgs(
            zone_id=settings.zone_id,
            host_name=page_host(settings.domain),
            address=machine.address,
            comment="Page of all previews",
        ),
        opts=pulumi.ResourceOptions(depends_on=[edge]),
    )
    metrics = NodeMetrics("node", from_settings(NodeMetricsArgs, settings), opts=on_machine)
    # Made last, so destroyed first: its refusal stops whatever would end the server before anything is gone.
    host.command(
        "guard",
        create="true",
        delete=script("refuse_while_in_use"),
        environment={"PREVIEWS": previews, "NEXT": _NEW_SERVER},
        opts=pulumi.ResourceOptions(
            depends_on=[edge, record, metrics, *of_plugins, *(members.members if members else [])],
            replace_with=[machine.server],
        ),
    )
    outputs = BaseOutputs.from_settings(
        settings,
        kind="hetzner",
        docker_host=address.docker_host,
        host_directory=directory,
        edge_network=edge.network,
        scheme="https",
        port=settings.https_port,
        address=machine.address,
        page_directory=edge.page_directory,
        page_url=_page_url(settings),
        ssh_user=USER,
        ssh_host_key=host_key,
        **plugins.outputs(),
        **({"nodes": members.nodes} if members else {}),
    )
    export_when(edge.network, outputs)


def _first_boot(
    settings: ProductionSettings, directory: str, role: Literal["alone", "manager", "worker"]
) -> pulumi.Output[str]:
    args = from_settings(
        CloudInitArgs,
        settings,
        authorized_keys=(settings.ssh_public_key,),
        directory=directory,
        # One address is told of one machine's health.
        ping_url=(os.environ.get(_PING_VARIABLE) or None) if role != "worker" else None,
        role=role,
        distribution="ubuntu" if settings.server_image.startswith("ubuntu") else "debian",
    )
    # Holds the address that health pings go to, which whoever knows it can use.
    return pulumi.Output.secret(user_data(args))


def _edge(settings: ProductionSettings, host: SshHost, token: str, opts: pulumi.ResourceOptions) -> Edge:
    certificate = from_settings(CertificateArgs, settings, api_token=pulumi.Output.secret(token))
    args = from_settings(
        EdgeArgs,
        settings,
        host=host,
        docker_socket="/var/run/docker.sock",
        docker_host="",
        page_host=page_host(settings.domain),
        page_url=_page_url(settings),
        certificate=certificate,
        provider="swarm" if settings.workers else "docker",
    )
    return Edge("edge", args, opts=opts)


def _page_url(settings: ProductionSettings) -> str:
    return url_of(page_host(settings.domain), "https", settings.https_port)
