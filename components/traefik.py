"""What the reverse proxy is told: its arguments, and the labels that it routes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import pulumi
import pulumi_docker as docker

from components.labels import EDGE
from components.service_spec import HealthCheck, http_health

SOCKET_PROXY_PORT = 2375

Provider = Literal["docker", "swarm"]
"""Traefik's names of where it finds previews: among one engine's containers, or among a Swarm's services."""

_REFRESH_SECONDS = 2

_Text = TypeVar("_Text", str, pulumi.Output[str])

# Any viewer may make short links, of any length and number; Grafana keeps them in its database, which is in memory, and
# has no setting against it. Whatever spelling it understands begins so once the proxy has decoded it. The page answers.
_KEPT_FROM_VIEWERS = "(?i)^/+api/+short-urls"

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


def traefik_health(port: int) -> HealthCheck:
    """Healthy when it answers on its dashboard's port; its own command asks the same, and takes five times as long."""
    return http_health(f"http://127.0.0.1:{port}/ping")


def traefik_arguments(
    *, network: str, provider: Provider, http_port: int, https_port: int, dashboard_port: int
) -> list[str]:
    """Static configuration of Traefik, as arguments.

    The container listens on the published ports themselves, so that the redirect to the https entry point names a
    port that is right outside too.

    Args:
        network: Name of the reverse proxy's own network, which names the edge.
        provider: Where the routes of previews come from; those of the base always come from its containers.
        http_port: Port that redirects to https.
        https_port: Port of the previews.
        dashboard_port: Port of the dashboard.
    """
    swarm = [
        "--providers.swarm=true",
        f"--providers.swarm.endpoint=tcp://socket-proxy:{SOCKET_PROXY_PORT}",
        "--providers.swarm.exposedbydefault=false",
        f"--providers.swarm.constraints=Label(`{EDGE}`,`{network}`)",
        # It hears of nothing by itself.
        f"--providers.swarm.refreshseconds={_REFRESH_SECONDS}",
    ]
    return [
        f"--entrypoints.web.address=:{http_port}",
        "--entrypoints.web.http.redirections.entrypoint.to=websecure",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        f"--entrypoints.websecure.address=:{https_port}",
        f"--entrypoints.traefik.address=:{dashboard_port}",
        "--entrypoints.websecure.http.middlewares=noindex@docker,nameless@docker",
        # Behind a router of its own; the entry point listens on the networks of previews too.
        "--api=true",
        "--ping=true",
        # By default it routes to what is healthy up to two seconds later, when its deploy may have ended.
        "--providers.providersthrottleduration=200ms",
        "--providers.docker=true",
        f"--providers.docker.endpoint=tcp://socket-proxy:{SOCKET_PROXY_PORT}",
        "--providers.docker.exposedbydefault=false",
        f"--providers.docker.network={network}",
        f"--providers.docker.constraints=Label(`{EDGE}`,`{network}`)",
        *(swarm if provider == "swarm" else []),
        *_LOG_OF_REQUESTS,
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
    ]


def own_routes(
    network: str, addresses: pulumi.Output[Sequence[docker.outputs.NetworkIpamConfig]]
) -> dict[str, pulumi.Input[str]]:
    """Labels of the reverse proxy itself: what search engines are told, what no preview answers, and the dashboard."""
    routers, middlewares = "traefik.http.routers", "traefik.http.middlewares"
    return {
        EDGE: network,
        "traefik.enable": "true",
        f"{middlewares}.noindex.headers.customresponseheaders.X-Robots-Tag": "noindex",
        # Grafana keeps each id that a viewer's request gives itself, of any length, in its database, which is in
        # memory. Its own limit of their number would shut others out. An empty value takes the header away.
        f"{middlewares}.nameless.headers.customrequestheaders.X-Grafana-Device-Id": "",
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


def routing_labels(
    *, base: str, network: _Text, router: str, host: str, port: int, provider: Provider = "docker"
) -> dict[str, str | _Text]:
    """Labels that make the reverse proxy send a host name's requests to Grafana, but for what is kept from viewers.

    Args:
        base: Name of the edge that shall route.
        network: Network that the container has with it.
        router: Name of the router, unique on the edge.
        host: Host name.
        port: Port inside the container.
        provider: Whether it is a container of one engine, or a service of a Swarm.
    """
    return {
        EDGE: base,
        "traefik.enable": "true",
        f"traefik.{provider}.network": network,
        f"traefik.http.routers.{router}.rule": f"Host(`{host}`) && !PathRegexp(`{_KEPT_FROM_VIEWERS}`)",
        f"traefik.http.routers.{router}.entrypoints": "websecure",
        f"traefik.http.routers.{router}.tls": "true",
        f"traefik.http.services.{router}.loadbalancer.server.port": str(port),
    }
