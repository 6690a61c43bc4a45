"""The wildcard certificate of a base: asked for once, by DNS, never by a preview."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.labels import PART_OF_BASE
from components.secret_files import ReaderSecrets, SecretFiles, SecretFilesArgs, secrets_mount

RESOLVER = "wildcard"
_STORAGE = "/acme"
_READER = "traefik"
_SECRETS = "/run/secrets"
_TOKEN_FILE = "cloudflare_token"  # noqa: S105  a file's name


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What the reverse proxy needs to ask for ``*.<domain>``.

    Attributes:
        domain: Domain of the previews.
        api_token: Cloudflare token that may edit the domain's records.
        acme_email: Where the authority writes to.
        acme_authority: Directory of the ACME server; empty for Let's Encrypt.
        acme_roots: PEM file on the machine with the roots of that server; empty for the system's.
        acme_delay_seconds: Pause before the DNS servers are asked.
        dns_resolvers: DNS servers, with ports and separated by commas, that are asked whether the proof is visible.
        cloudflare_api_url: Cloudflare's API; empty for the real one.
    """

    domain: str
    api_token: pulumi.Input[str]
    acme_email: str
    acme_authority: str
    acme_roots: str
    acme_delay_seconds: int
    dns_resolvers: str
    cloudflare_api_url: str


class Certificate(pulumi.ComponentResource):
    """Storage and token of the certificate, and what Traefik is told of them.

    Attributes:
        arguments: For Traefik's command line.
        environment: For its environment; names the token's file, never the token.
        labels: A router of the base's own: it makes Traefik ask for the certificate before any preview exists.
        volumes: For its container.
        mounts: For its container.
    """

    arguments: list[str]
    environment: list[str]
    labels: dict[str, str]
    volumes: list[docker.ContainerVolumeArgs]
    mounts: list[docker.ContainerMountArgs]

    def __init__(
        self, name: str, args: CertificateArgs, *, name_prefix: str, image: str, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("preview:certificate:Certificate", name, None, opts)
        base = {PART_OF_BASE: "true"}
        storage = docker.Volume(
            f"{name}-storage",
            name=f"{name_prefix}traefik-acme",
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in base.items()],
            opts=pulumi.ResourceOptions(parent=self),
        )
        token = SecretFiles(
            f"{name}-token",
            SecretFilesArgs(
                name=f"{name_prefix}traefik-secrets",
                labels=base,
                image=image,
                readers={_READER: ReaderSecrets(owner="0", files={_TOKEN_FILE: args.api_token})},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        acme = f"--certificatesresolvers.{RESOLVER}.acme"
        self.arguments = [
            f"{acme}.email={args.acme_email}",
            # Traefik makes this file with mode 0600 and refuses it with any other.
            f"{acme}.storage={_STORAGE}/acme.json",
            f"{acme}.dnschallenge.provider=cloudflare",
            f"{acme}.dnschallenge.resolvers={args.dns_resolvers}",
            f"{acme}.dnschallenge.propagation.delaybeforechecks={args.acme_delay_seconds}",
            *([f"{acme}.caserver={args.acme_authority}"] if args.acme_authority else []),
            *([f"{acme}.cacertificates={_STORAGE}-roots.pem"] if args.acme_roots else []),
        ]
        self.environment = [
            f"CF_DNS_API_TOKEN_FILE={_SECRETS}/{_TOKEN_FILE}",
            *([f"CLOUDFLARE_BASE_URL={args.cloudflare_api_url}"] if args.cloudflare_api_url else []),
        ]
        router = "traefik.http.routers.base"
        self.labels = {
            "traefik.enable": "true",
            f"{router}.rule": f"Host(`base.{args.domain}`)",
            f"{router}.entrypoints": "websecure",
            f"{router}.service": "ping@internal",
            f"{router}.tls.certresolver": RESOLVER,
            f"{router}.tls.domains[0].main": f"*.{args.domain}",
        }
        self.volumes = [
            docker.ContainerVolumeArgs(container_path=_STORAGE, volume_name=storage.name),
        ]
        self.mounts = [secrets_mount(token.volume, _READER, _SECRETS)]
        if args.acme_roots:
            self.volumes.append(
                docker.ContainerVolumeArgs(
                    container_path=f"{_STORAGE}-roots.pem", host_path=args.acme_roots, read_only=True
                )
            )
        self.register_outputs({})
