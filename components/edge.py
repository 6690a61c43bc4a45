"""The edge of a base: reverse proxy and read-only socket proxy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker

from components.certificate import Certificate, CertificateArgs
from components.files import digest_of
from components.hardening import hardened
from components.host_scripts import script
from components.labels import EDGE, FILES, PART_OF_BASE
from components.machine import Host
from components.page import Page, PageArgs
from components.service_spec import HealthCheck, http_health

_SOCKET_PROXY_FILES = Path(__file__).parent / "socket_proxy"
_SOCKET_PROXY_PORT = 2375
_NOBODY = "65534:65534"

OWN_REQUESTS = "pgai-preview"
"""By which the project's own requests to previews name themselves: nobody looks."""

# Says when somebody last looked at a preview, and nothing else of who that was. On standard output: Docker keeps as
# much of it as of every log.
_LOG_OF_REQUESTS = (
    "--accesslog=true",
    "--accesslog.format=json",
    "--accesslog.fields.defaultmode=drop",
    "--accesslog.fields.names.RouterName=keep",
    "--accesslog.fields.headers.defaultmode=drop",
    "--accesslog.fields.headers.names.User-Agent=keep",
)


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
        # The reverse proxy's way out, and nobody's but its own.
        public = docker.Network(
            f"{name}-network",
            name=f"{args.name_prefix}traefik-public",
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
            envs=[f"SOCKET={Path(args.docker_socket).name}"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[placed]),
            **hardened(
                # It reads its rules once, at the start.
                labels={**labels, FILES: digest},
                memory_mib=64,
                cpus="0.10",
                health=http_health(f"http://127.0.0.1:{_SOCKET_PROXY_PORT}/_ping", interval_seconds=1),
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
                edge=f"{args.name_prefix}traefik-public",
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
            command=[*traefik_arguments(args), *(certificate.arguments if certificate else [])],
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
                    **_own_routes(f"{args.name_prefix}traefik-public", public.ipam_configs),
                    **(certificate.labels if certificate else {}),
                },
                memory_mib=192,
                cpus="0.50",
                health=_traefik_health(args.dashboard_port),
            ),
        )
        # A new one is on none of the networks that its previews and the page have with it.
        connected = args.host.command(
            f"{name}-connect",
            create=script("connect_edge"),
            delete=None,
            environment={
                "BASE": f"{args.name_prefix}traefik-public",
                **({"DOCKER_HOST": args.docker_host} if args.docker_host else {}),
            },
            triggers=[traefik.id, page.network.id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[traefik]),
        )
        self.page_directory = page.directory
        self.network = pulumi.Output.all(public.name, connected.urn).apply(lambda known: str(known[0]))
        self.register_outputs({"network": self.network})


def _traefik_health(port: int) -> HealthCheck:
    return HealthCheck(test=("traefik", "healthcheck", "--ping", f"--entrypoints.traefik.address=:{port}"))


def traefik_arguments(args: EdgeArgs) -> list[str]:
    """Static configuration of Traefik, as arguments.

    The container listens on the published ports themselves, so that the redirect to the https entry point names a
    port that is right outside too.
    """
    network = f"{args.name_prefix}traefik-public"
    return [
        f"--entrypoints.web.address=:{args.http_port}",
        "--entrypoints.web.http.redirections.entrypoint.to=websecure",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        f"--entrypoints.websecure.address=:{args.https_port}",
        f"--entrypoints.traefik.address=:{args.dashboard_port}",
        "--entrypoints.websecure.http.middlewares=noindex@docker",
        # Behind a router of its own; the entry point listens on the networks of previews too.
        "--api=true",
        "--ping=true",
        "--providers.docker=true",
        f"--providers.docker.endpoint=tcp://socket-proxy:{_SOCKET_PROXY_PORT}",
        "--providers.docker.exposedbydefault=false",
        f"--providers.docker.network={network}",
        f"--providers.docker.constraints=Label(`{EDGE}`,`{network}`)",
        *_LOG_OF_REQUESTS,
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
    ]


def _own_routes(
    network: str, addresses: pulumi.Output[Sequence[docker.outputs.NetworkIpamConfig]]
) -> dict[str, pulumi.Input[str]]:
    """Labels of the reverse proxy itself: what search engines are told, what no preview answers, and the dashboard."""
    routers, middlewares = "traefik.http.routers", "traefik.http.middlewares"
    return {
        EDGE: network,
        "traefik.enable": "true",
        f"{middlewares}.noindex.headers.customresponseheaders.X-Robots-Tag": "noindex",
        # The proxy's own answer to an unknown name would pass no middleware. The one service that it has for this says
        # that it is a teapot.
        f"{routers}.unknown.rule": "PathPrefix(`/`)",
        f"{routers}.unknown.priority": "1",
        f"{routers}.unknown.entrypoints": "websecure",
        f"{routers}.unknown.tls": "true",
        f"{routers}.unknown.service": "noop@internal",
        f"{routers}.unknown.middlewares": "unknown",
        # Whoever scans the domain would fill the log in which those who look at previews are.
        f"{routers}.unknown.observability.accesslogs": "false",
        f"{middlewares}.unknown.errors.status": "418",
        f"{middlewares}.unknown.errors.statusrewrites.418": "404",
        f"{middlewares}.unknown.errors.service": "noop@internal",
        f"{middlewares}.unknown.errors.query": "/",
        # What comes through the port on loopback has the address that the machine has on the proxy's own network.
        f"{routers}.dashboard.rule": addresses.apply(
            lambda known: " || ".join(f"ClientIP(`{one.gateway}`)" for one in known if one.gateway)
        ),
        f"{routers}.dashboard.entrypoints": "traefik",
        f"{routers}.dashboard.service": "api@internal",
    }


def routing_labels(*, base: str, network: str, router: str, host: str, port: int) -> dict[str, str]:
    """Labels that make the reverse proxy send a host name's requests to a container.

    Args:
        base: Name of the edge that shall route.
        network: Network that the container has with it.
        router: Name of the router, unique on the edge.
        host: Host name.
        port: Port inside the container.
    """
    return {
        EDGE: base,
        "traefik.enable": "true",
        "traefik.docker.network": network,
        f"traefik.http.routers.{router}.rule": f"Host(`{host}`)",
        f"traefik.http.routers.{router}.entrypoints": "websecure",
        f"traefik.http.routers.{router}.tls": "true",
        f"traefik.http.services.{router}.loadbalancer.server.port": str(port),
    }
