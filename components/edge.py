"""The edge of a base: reverse proxy and read-only socket proxy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker

from components.certificate import Certificate, CertificateArgs
from components.files import digest_of
from components.hardening import hardened
from components.host_scripts import script
from components.labels import FILES, PART_OF_BASE
from components.machine import Host
from components.page import Page, PageArgs
from components.service_spec import http_health
from components.traefik import SOCKET_PROXY_PORT, Provider, own_routes, traefik_arguments, traefik_health

_SOCKET_PROXY_FILES = Path(__file__).parent / "socket_proxy"
_NOBODY = "65534:65534"


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """What an edge needs to know.

    Attributes:
        host: The machine.
        name_prefix: Put before the names of networks and containers; empty for the only base on a Docker engine.
        bind_address: Address on which the two public ports listen.
        http_port: Port that redirects to https.
        https_port: Port of the previews.
        dashboard_port: Port of the proxy's dashboard, published on loopback only.
        traefik_image: Image of the reverse proxy, at least 3.6.1.
        socket_proxy_image: Image of HAProxy.
        docker_socket: Path of Docker's socket on the host.
        docker_host: Docker engine as the host itself reaches it; empty for its own socket.
        domain: Domain of the previews' host names.
        max_previews: Previews that may run at once.
        page_host: Host name of the page of all previews.
        page_url: Its address.
        provider: Where the reverse proxy finds previews.
        certificate: The wildcard certificate to ask for; None: Traefik's own, which no browser trusts.
    """

    host: Host
    name_prefix: str
    bind_address: str
    http_port: int
    https_port: int
    dashboard_port: int
    traefik_image: str
    socket_proxy_image: str
    docker_socket: str
    docker_host: str
    domain: str
    max_previews: int
    page_host: str
    page_url: str
    provider: Provider = "docker"
    certificate: CertificateArgs | None = None


class Edge(pulumi.ComponentResource):
    """Traefik behind a filter that lets it only read what it routes by.

    Attributes:
        network: Name of the reverse proxy's own network, which names the edge; known once the reverse proxy is healthy.
        page_directory: Directory on the host in which operations write what the page shows.
    """

    network: pulumi.Output[str]
    page_directory: str

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:edge:Edge", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = {PART_OF_BASE: "true"}
        own_name = f"{args.name_prefix}traefik-public"
        # The reverse proxy's way out, and nobody's but its own.
        public = docker.Network(
            f"{name}-network",
            name=own_name,
            driver="bridge",
            labels=[docker.NetworkLabelArgs(label=PART_OF_BASE, value="true")],
            opts=child,
        )
        private = docker.Network(
            f"{name}-socket-network",
            name=f"{args.name_prefix}traefik-socket",
            driver="bridge",
            internal=True,
            labels=[docker.NetworkLabelArgs(label=PART_OF_BASE, value="true")],
            opts=child,
        )
        files = f"{args.host.directory}/{args.name_prefix}socket-proxy"
        digest = digest_of({"socket-proxy": _SOCKET_PROXY_FILES})
        placed = args.host.copy(
            f"{name}-socket-proxy-files", source=_SOCKET_PROXY_FILES, destination=files, digest=digest, opts=child
        )
        socket_proxy = docker.Container(
            f"{name}-socket-proxy",
            name=f"{args.name_prefix}traefik-socket-proxy",
            image=args.socket_proxy_image,
            hostname="socket-proxy",
            # The socket belongs to root; with every capability dropped root is just the socket's owner.
            user="0:0",
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=private.name, aliases=["socket-proxy"])],
            tmpfs={"/tmp": "size=4m", "/var/lib/haproxy": "size=1m"},  # noqa: S108
            volumes=[
                docker.ContainerVolumeArgs(container_path="/usr/local/etc/haproxy", host_path=files, read_only=True),
                # The directory: a daemon that starts anew makes its socket anew, and a mounted file would stay the
                # dead one while live-restore keeps this container running.
                docker.ContainerVolumeArgs(
                    container_path="/host-run", host_path=str(Path(args.docker_socket).parent), read_only=True
                ),
            ],
            envs=[
                f"SOCKET={Path(args.docker_socket).name}",
                f"PROVIDER={args.provider}",
                f"EDGE={own_name}",
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[placed]),
            **hardened(
                # It reads its rules once, at the start.
                labels={**labels, FILES: digest},
                memory_mib=64,
                cpus="0.10",
                health=http_health(f"http://127.0.0.1:{SOCKET_PROXY_PORT}/_ping", interval_seconds=1),
            ),
        )
        page = Page(
            f"{name}-page",
            PageArgs(
                host=args.host,
                name_prefix=args.name_prefix,
                domain=args.domain,
                host_name=args.page_host,
                url=args.page_url,
                max_previews=args.max_previews,
                socket_proxy_image=args.socket_proxy_image,
                docker_host=args.docker_host,
                edge=own_name,
                provider=args.provider,
            ),
            opts=child,
        )
        certificate = (
            Certificate(
                f"{name}-certificate",
                args.certificate,
                name_prefix=args.name_prefix,
                image=args.traefik_image,
                opts=child,
            )
            if args.certificate
            else None
        )
        traefik = docker.Container(
            f"{name}-traefik",
            name=f"{args.name_prefix}traefik",
            image=args.traefik_image,
            hostname="traefik",
            # A new volume belongs to root, who without capabilities can do no more than use it.
            user="0:0" if certificate else _NOBODY,
            command=[
                *traefik_arguments(
                    network=own_name,
                    provider=args.provider,
                    http_port=args.http_port,
                    https_port=args.https_port,
                    dashboard_port=args.dashboard_port,
                ),
                *(certificate.arguments if certificate else []),
            ],
            envs=certificate.environment if certificate else None,
            volumes=certificate.volumes if certificate else None,
            mounts=certificate.mounts if certificate else None,
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=public.name),
                docker.ContainerNetworksAdvancedArgs(name=private.name),
            ],
            ports=[
                docker.ContainerPortArgs(internal=args.http_port, external=args.http_port, ip=args.bind_address),
                docker.ContainerPortArgs(internal=args.https_port, external=args.https_port, ip=args.bind_address),
                docker.ContainerPortArgs(internal=args.dashboard_port, external=args.dashboard_port, ip="127.0.0.1"),
            ],
            tmpfs={"/tmp": "size=4m"},  # noqa: S108
            # Joins the page's network, which can only be removed after it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[socket_proxy, page.network]),
            **hardened(
                labels={
                    **labels,
                    **own_routes(own_name, public.ipam_configs),
                    **(certificate.labels if certificate else {}),
                },
                memory_mib=192,
                cpus="0.50",
                health=traefik_health(args.dashboard_port),
            ),
        )
        # A new one is on none of the networks that its previews and the page have with it.
        connected = args.host.command(
            f"{name}-connect",
            create=script("connect_edge"),
            delete=None,
            environment={
                "BASE": own_name,
                **({"DOCKER_HOST": args.docker_host} if args.docker_host else {}),
            },
            triggers=[traefik.id, page.network.id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[traefik]),
        )
        self.page_directory = page.directory
        self.network = pulumi.Output.all(public.name, connected.urn).apply(lambda known: str(known[0]))
        self.register_outputs({"network": self.network})
