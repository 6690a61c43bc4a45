"""A preview's passwords: generated, encrypted in the state, and handed as files to the containers that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
import pulumi_random as random

from components.container import LABEL_SERVICE, preview_labels
from components.hardening import LOG_OPTIONS
from components.service_spec import ServiceSpec
from components.services import PASSFILES, SECRETS

_PASSWORD_LENGTH = 32
_USERS = {
    "grafana_admin": ("grafana", "admin"),
    "sink_postgres": ("sink", "postgres"),
    "target_postgres": ("target", "postgres"),
}


@dataclass(frozen=True, kw_only=True)
class PreviewSecretsArgs:
    """What is asked for.

    Attributes:
        slug: The preview.
        services: Services, with the names of the secrets that each may read.
        image: Any image that is on the machine anyway.
    """

    slug: str
    services: Sequence[ServiceSpec]
    image: str


class PreviewSecrets(pulumi.ComponentResource):
    """One volume for each service with its secrets, filled before the service starts.

    The engine takes files only into a container whose root file system is writable, and the services' are not. So a
    container that is never started carries the volumes while they are filled; services mount them read-only. Neither
    an environment nor ``docker inspect`` shows a secret.

    Attributes:
        volumes: Service → name of its volume, known once it is filled.
        credentials: Service → ``user`` and ``password``; secret.
    """

    volumes: dict[str, pulumi.Output[str]]
    credentials: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: PreviewSecretsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:secrets:PreviewSecrets", name, None, pulumi.ResourceOptions(parent=opts.parent))
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        passwords = {secret: self._password(f"{name}-{secret.replace('_', '-')}") for secret in SECRETS}
        passfiles = {passfile: _passfile(lines, passwords) for passfile, lines in PASSFILES.items()}
        contents: Mapping[str, pulumi.Output[str]] = {**passwords, **passfiles}
        readers = [service for service in args.services if service.secrets]
        volumes = {
            service.key: docker.Volume(
                f"{name}-{service.key}",
                name=f"preview-{args.slug}-{service.key}-secrets",
                labels=[
                    docker.VolumeLabelArgs(label=label, value=value)
                    for label, value in preview_labels(args.slug).items()
                ],
                opts=child,
            )
            for service in readers
        }
        carrier = docker.Container(
            f"{name}-carrier",
            name=f"preview-{args.slug}-secrets",
            image=args.image,
            start=False,
            must_run=False,
            labels=[
                docker.ContainerLabelArgs(label=label, value=value)
                for label, value in {**preview_labels(args.slug), LABEL_SERVICE: "secrets"}.items()
            ],
            network_mode="none",
            memory=16,
            memory_swap=16,
            cpus="0.1",
            restart="no",
            log_driver="json-file",
            log_opts=LOG_OPTIONS,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            volumes=[
                docker.ContainerVolumeArgs(container_path=f"/secrets/{key}", volume_name=volume.name)
                for key, volume in volumes.items()
            ],
            uploads=[
                docker.ContainerUploadArgs(
                    file=f"/secrets/{service.key}/{secret}",
                    content=pulumi.Output.secret(contents[secret]),
                    # As libpq wants its file of passwords, and as nobody else needs to read any of them.
                    permissions="0400",
                    owner=_user_id(service),
                )
                for service in readers
                for secret in service.secrets
            ],
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        # A volume's name is handed on only when the carrier has filled it.
        self.volumes = {
            key: pulumi.Output.all(volume.name, carrier.id).apply(lambda known: str(known[0]))
            for key, volume in volumes.items()
        }
        self.credentials = pulumi.Output.secret(
            pulumi.Output.all(**{secret: passwords[secret] for secret in _USERS}).apply(_credentials)
        )
        self.register_outputs({"credentials": self.credentials})

    def _password(self, name: str) -> pulumi.Output[str]:
        # Letters and digits alone: it passes through SQL, libpq's password file and Grafana's settings unchanged.
        return random.RandomPassword(
            name, length=_PASSWORD_LENGTH, special=False, opts=pulumi.ResourceOptions(parent=self)
        ).result


def _user_id(service: ServiceSpec) -> str:
    return (service.user or "0").partition(":")[0]


def _passfile(lines: Sequence[str], passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    return pulumi.Output.format("".join(f"{line}\n" for line in lines), **passwords)


def _credentials(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {service: {"user": user, "password": passwords[secret]} for secret, (service, user) in _USERS.items()}
