"""Typed, validated configuration of bases."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from stacks.docker_address import far
from stacks.images import Image
from stacks.nodes import nodes_of
from stacks.plugins import plugins_of
from stacks.private_network import PrivateNetwork
from stacks.validation import SettingsError, fault

PROJECT = "pgai-preview"
DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"

Port = Annotated[int, Field(ge=1, le=65535)]
Gigabytes = Annotated[int, Field(ge=0, le=1_000_000)]
_DOMAIN = re.compile(r"^(?=.{1,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")


class Settings(BaseModel):
    """Configuration of a stack: keys as the engine writes them, and none that is not known."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class BaseSettings(Settings):
    """Configuration that both kinds of base stack share.

    Attributes:
        domain: Domain of the previews' host names.
        bind_address: Address on which the reverse proxy listens.
        http_port: Port that redirects to https.
        https_port: Port of the previews.
        dashboard_port: Port of the reverse proxy's dashboard, always on loopback.
        node_exporter_port: Port of the machine's metrics, always on loopback.
        name_prefix: Put before the names of the base's networks and containers, so that two bases can share an engine.
        docker_host: Docker engine; empty: what ``DOCKER_HOST`` says, else the system's.
        host_directory: Directory on the machine for files of previews; empty: in the user's data directory, on a VM
            ``/opt/postgres-ai-previews``.
        max_previews: Previews that may run at once.
        min_free_disk_gb: Free disk that a new preview must find, in units of 10⁹ bytes.
        min_available_memory_gb: Available memory that a new preview must find, in units of 10⁹ bytes.
        when_full: What becomes of a deploy that finds all slots taken: it is refused, or puts to ``sleep`` the preview
            that nobody has looked at for longest.
        max_asleep: Previews that may sleep at once.
        traefik_image: Reverse proxy.
        socket_proxy_image: Filter between the reverse proxy and the Docker socket.
        node_exporter_image: Exporter of the machine's metrics.
        grafana_plugins: Plugins that previews' Grafana can have, see :func:`stacks.plugins.plugins_of`.
    """

    domain: str = "localhost"
    bind_address: str = "127.0.0.1"
    http_port: Port = 8080
    https_port: Port = 8443
    dashboard_port: Port = 8081
    node_exporter_port: Port = 9100
    name_prefix: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9-]*-)?$")
    docker_host: str = Field(default="", pattern=r"^$|^(unix|tcp|ssh|npipe)://.+")
    host_directory: str = Field(default="", pattern=r"^$|^/.+[^/]$")
    max_previews: Annotated[int, Field(ge=1, le=100)] = 2
    min_free_disk_gb: Gigabytes = 5
    min_available_memory_gb: Gigabytes = 1
    when_full: Literal["refuse", "sleep"] = "refuse"
    max_asleep: Annotated[int, Field(ge=0, le=1000)] = 8
    traefik_image: Image = "traefik:v3.6.12"
    socket_proxy_image: Image = "haproxy:3.0-alpine"
    node_exporter_image: Image = "prom/node-exporter:v1.8.2"
    grafana_plugins: str = "yesoreyeram-infinity-datasource@3.2.0"

    @field_validator("domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        if not _DOMAIN.match(value):
            raise fault("must be a domain name in lower case, such as pgai.watch")
        return value

    @field_validator("bind_address")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise fault("must be an IP address of this machine, such as 127.0.0.1") from None
        return value

    @field_validator("grafana_plugins")
    @classmethod
    def _plugins(cls, value: str) -> str:
        try:
            plugins_of(value)
        except ValueError as error:
            raise fault(str(error)) from None
        return value

    @model_validator(mode="after")
    def _ports_differ(self) -> BaseSettings:
        ports = [self.http_port, self.https_port, self.dashboard_port, self.node_exporter_port]
        if len(set(ports)) < len(ports):
            raise fault("httpPort, httpsPort, dashboardPort and nodeExporterPort must be four different ports")
        return self


class LocalSettings(BaseSettings):
    """What a base on this machine can have beside that.

    Attributes:
        nodes: Docker engines that form a Swarm, see :func:`stacks.nodes.nodes_of`; empty: previews run on one engine.
            The first is the base's, in the place of ``docker_host``.
    """

    nodes: str = ""

    @field_validator("nodes")
    @classmethod
    def _nodes(cls, value: str, info: ValidationInfo) -> str:
        try:
            nodes_of(value)
        except ValueError as error:
            raise fault(str(error)) from None
        if value and info.data.get("docker_host"):
            raise fault("names all engines, so dockerHost must be left out")
        return value

    def engine(self, callers: str) -> str:
        """Address of the Docker engine that it stands on: its own, else the caller's, else the system's.

        Args:
            callers: What ``DOCKER_HOST`` says; empty where it says nothing.

        Raises:
            SettingsError: The engine cannot be one of this machine.
        """
        nodes = nodes_of(self.nodes)
        own = nodes[0].docker_host if nodes else self.docker_host
        address = own or callers or DEFAULT_DOCKER_HOST
        if reason := far(address, "dockerHost" if own else "DOCKER_HOST"):
            raise SettingsError(reason)
        return address


class ProductionSettings(BaseSettings):
    """What a base on a Hetzner VM needs beside that.

    Attributes:
        server_name: ``ralph-preview-NN``; there may be one such server only.
        server_type: Hetzner's name of the size; 4 vCPU and 8 GB at least.
        location: Hetzner's name of the location.
        server_image: Operating system.
        ssh_public_key: Public key of whoever deploys.
        ssh_port: Port of the SSH server, which the first boot sets and the firewall opens.
        web_from: Who reaches the two public ports: ``cloudflare``, which proxies all records, or ``anywhere``.
        ready_within_seconds: How long the first boot may take.
        zone_id: Cloudflare's id of the domain's zone.
        acme_email: Where the certificate authority writes to.
        acme_authority: Directory of the ACME server; empty for Let's Encrypt.
        acme_roots: PEM file on the VM with the roots of that server; empty for the system's.
        acme_delay_seconds: Pause before the DNS servers are asked for the proof.
        dns_resolvers: DNS servers, with ports and separated by commas, that are asked for the proof.
        cloudflare_api_url: Cloudflare's API for the certificate's proof; empty for the real one.
        workers: Machines beside the server that previews run on too; 0: all run on the server.
        worker_type: Hetzner's name of their size; empty: the server's.
        private_network: Range of the addresses by which the machines of a cluster reach each other.
        encrypt_overlay: Whether what previews send from one machine to another is encrypted.
    """

    server_name: str = Field(default="ralph-preview-01", pattern=r"^ralph-preview-[0-9]{2}$")
    server_type: str = Field(default="cx33", pattern=r"^[a-z]{2,4}[0-9]{1,3}$")
    location: str = Field(default="nbg1", pattern=r"^[a-z]{2,4}[0-9]?$")
    server_image: str = Field(default="debian-12", pattern=r"^[a-z0-9.-]+$")
    # With what a file has around it the cloud would see another key at every update.
    ssh_public_key: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$"
    )
    ssh_port: Port = 22
    web_from: Literal["cloudflare", "anywhere"] = "cloudflare"
    ready_within_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    zone_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    acme_email: str = Field(default="admin@postgres.ai", pattern=r"^\S+@\S+$")
    acme_authority: str = Field(default="", pattern=r"^$|^https://.+")
    acme_roots: str = Field(default="", pattern=r"^$|^/.+")
    acme_delay_seconds: Annotated[int, Field(ge=0, le=600)] = 10
    dns_resolvers: str = Field(default="1.1.1.1:53,8.8.8.8:53", pattern=r"^[^,\s]+:[0-9]+(,[^,\s]+:[0-9]+)*$")
    cloudflare_api_url: str = Field(default="", pattern=r"^$|^https?://.+")
    workers: Annotated[int, Field(ge=0, le=50)] = 0
    worker_type: str = Field(default="", pattern=r"^$|^[a-z]{2,4}[0-9]{1,3}$")
    private_network: PrivateNetwork = "10.77.0.0/24"
    encrypt_overlay: bool = True


Args = TypeVar("Args")


def from_settings(args: type[Args], settings: BaseModel, **own: Any) -> Args:
    """Arguments of a component: what the settings have under the same name, and the program's own.

    Args:
        args: A dataclass of arguments.
        settings: Configuration of the stack.
        own: Arguments that are no settings, or differ from them.

    Raises:
        TypeError: An argument without a default is neither.
    """
    assert dataclasses.is_dataclass(args)
    names = {field.name for field in dataclasses.fields(args)}
    shared = {name: getattr(settings, name) for name in type(settings).model_fields if name in names}
    return args(**{**shared, **own})
