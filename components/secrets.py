"""A preview's passwords: generated, encrypted in the state, and handed as files to the containers that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.labels import SERVICE
from components.secret_files import ReaderSecrets, SecretFiles, SecretFilesArgs
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
        prefix: Start of the volume's name, ``preview-<slug>``.
        labels: Labels of everything that Docker keeps for the preview.
        services: Services, with the names of the secrets that each may read.
        image: An image that is on the machine anyway and names no user.
    """

    prefix: str
    labels: Mapping[str, str]
    services: Sequence[ServiceSpec]
    image: str


class PreviewSecrets(pulumi.ComponentResource):
    """Generates a preview's passwords and hands each to the services that read it.

    Attributes:
        volume: Name of the volume with a folder for each service, known once it is filled.
        credentials: Service → ``user`` and ``password``; secret.
    """

    volume: pulumi.Output[str]
    credentials: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: PreviewSecretsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:secrets:PreviewSecrets", name, None, pulumi.ResourceOptions(parent=opts.parent))
        passwords = {secret: self._password(f"{name}-{secret.replace('_', '-')}") for secret in SECRETS}
        passfiles = {passfile: _passfile(lines, passwords) for passfile, lines in PASSFILES.items()}
        contents: Mapping[str, pulumi.Output[str]] = {**passwords, **passfiles}
        self.volume = SecretFiles(
            f"{name}-files",
            SecretFilesArgs(
                name=f"{args.prefix}-secrets",
                labels={**args.labels, SERVICE: "secrets"},
                image=args.image,
                readers={
                    service.key: ReaderSecrets(
                        owner=(service.user or "0").partition(":")[0],
                        files={secret: contents[secret] for secret in service.secrets},
                    )
                    for service in args.services
                    if service.secrets
                },
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with),
        ).volume
        self.credentials = pulumi.Output.secret(
            pulumi.Output.all(**{secret: passwords[secret] for secret in _USERS}).apply(_credentials)
        )
        self.register_outputs({"credentials": self.credentials})

    def _password(self, name: str) -> pulumi.Output[str]:
        # Letters and digits alone: it passes through SQL, libpq's password file and Grafana's settings unchanged.
        return random.RandomPassword(
            name, length=_PASSWORD_LENGTH, special=False, opts=pulumi.ResourceOptions(parent=self)
        ).result


def _passfile(lines: Sequence[str], passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    return pulumi.Output.format("".join(f"{line}\n" for line in lines), **passwords)


def _credentials(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {service: {"user": user, "password": passwords[secret]} for secret, (service, user) in _USERS.items()}
