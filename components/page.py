"""What a base shows of its previews: a page of all of them, and one for each name that does not answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.files import digest_of
from components.hardening import hardened
from components.host_scripts import FOLDER, script
from components.labels import EDGE, FILES, PART_OF_BASE
from components.machine import Host
from components.service_spec import http_health
from components.traefik import Provider

_PORT = 8080
_FILES = FOLDER / "page"


@dataclass(frozen=True, kw_only=True)
class PageArgs:
    """What the page needs to know.

    Attributes:
        host: The machine.
        name_prefix: Put before the names of the network, the container and the directories.
        domain: Domain of the previews' host names.
        host_name: Host name of the page of all previews.
        url: Address of the page of all previews.
        max_previews: Previews that may run at once.
        socket_proxy_image: Image of HAProxy, which serves it.
        docker_host: Docker engine as the host itself reaches it; empty for its own socket.
        edge: Name of the reverse proxy's own network, which names the edge.
        provider: Where the reverse proxy finds previews.
    """

    host: Host
    name_prefix: str
    domain: str
    host_name: str
    url: str
    max_previews: int
    socket_proxy_image: str
    docker_host: str
    edge: str
    provider: Provider


class Page(pulumi.ComponentResource):
    """Files that operations write on the host, and the server that the reverse proxy asks for them.

    Attributes:
        network: The network that the server has with the reverse proxy, which has to join it.
        directory: Where operations write.
    """

    network: docker.Network
    directory: str

    def __init__(self, name: str, args: PageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:page:Page", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.directory = f"{args.host.directory}/{args.name_prefix}page"
        files = f"{self.directory}-files"
        digest = digest_of({"page": _FILES})
        self.network = docker.Network(
            f"{name}-network",
            name=f"{args.name_prefix}traefik-page",
            driver="bridge",
            internal=True,
            options={"com.docker.network.bridge.inhibit_ipv4": "true"},
            labels=[
                docker.NetworkLabelArgs(label=label, value=value)
                for label, value in ((PART_OF_BASE, "true"), (EDGE, args.edge))
            ],
            opts=child,
        )
        placed = args.host.copy(f"{name}-files", source=_FILES, destination=files, digest=digest, opts=child)
        written = args.host.command(
            f"{name}-written",
            create=script("page/write_page"),
            delete='rm -rf -- "$PAGE"',
            environment={
                "PAGE": self.directory,
                "LIMIT": str(args.max_previews),
                **({"DOCKER_HOST": args.docker_host} if args.docker_host else {}),
                **({"RUNTIME": "services"} if args.provider == "swarm" else {}),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[placed]),
        )
        docker.Container(
            f"{name}-server",
            name=f"{args.name_prefix}page",
            image=args.socket_proxy_image,
            hostname="page",
            user="99:99",
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=self.network.name)],
            tmpfs={"/tmp": "size=1m", "/var/lib/haproxy": "size=1m"},  # noqa: S108
            volumes=[
                docker.ContainerVolumeArgs(container_path="/usr/local/etc/haproxy", host_path=files, read_only=True),
                docker.ContainerVolumeArgs(
                    container_path="/page", host_path=f"{self.directory}/public", read_only=True
                ),
            ],
            envs=[f"PAGE_URL={args.url}"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[written], delete_before_replace=True),
            **hardened(
                # It reads them once, at the start.
                labels={PART_OF_BASE: "true", FILES: digest, **self._routes(args)},
                memory_mib=64,
                cpus="0.10",
                health=http_health(f"http://127.0.0.1:{_PORT}/-/healthy", interval_seconds=1),
            ),
        )
        self.register_outputs({})

    def _routes(self, args: PageArgs) -> dict[str, pulumi.Input[str]]:
        page, gone = "traefik.http.routers.page", "traefik.http.routers.gone"
        return {
            EDGE: args.edge,
            "traefik.enable": "true",
            "traefik.docker.network": self.network.name,
            "traefik.http.services.page.loadbalancer.server.port": str(_PORT),
            # A look at the page is none at a preview.
            f"{page}.observability.accesslogs": "false",
            f"{gone}.observability.accesslogs": "false",
            f"{page}.rule": f"Host(`{args.host_name}`)",
            f"{page}.entrypoints": "websecure",
            f"{page}.tls": "true",
            f"{page}.service": "page",
            f"{gone}.rule": f"HostRegexp(`^preview-[a-z0-9-]+\\.{re.escape(args.domain)}$`)",
            # After the router of any preview, whose priority is its rule's length; before that of unknown names.
            f"{gone}.priority": "2",
            f"{gone}.entrypoints": "websecure",
            f"{gone}.tls": "true",
            f"{gone}.service": "page",
        }
