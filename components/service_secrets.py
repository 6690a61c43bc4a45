"""A preview's passwords as secrets of the Swarm, for the services that need them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker

from components.cluster_names import stem_of
from components.passwords import kept_passwords
from components.service_spec import ServiceSpec


@dataclass(frozen=True, kw_only=True)
class ServiceSecretsArgs:
    """What is asked for.

    Attributes:
        slug: The preview.
        labels: Labels of everything that Docker keeps for the preview.
        earlier_passwords: See :func:`components.passwords.kept_passwords`.
    """

    slug: str
    labels: Mapping[str, str]
    earlier_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


class ServiceSecrets(pulumi.ComponentResource):
    """Keeps a preview's passwords and gives each to the Swarm, which shows it to none but who reads it.

    Attributes:
        credentials: Service → ``user`` and ``password``; secret.
    """

    credentials: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: ServiceSecretsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            "preview:service_secrets:ServiceSecrets", name, None, pulumi.ResourceOptions(parent=opts.parent)
        )
        passwords = kept_passwords(name, self, args.earlier_passwords)
        self._secrets = {
            secret: docker.Secret(
                f"{name}-kept-{secret.replace('_', '-')}",
                name=f"{stem_of(args.slug)}.{secret}",
                data=content.apply(_encoded),
                labels=[docker.SecretLabelArgs(label=label, value=value) for label, value in args.labels.items()],
                opts=pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with),
            )
            for secret, content in passwords.contents.items()
        }
        self.credentials = passwords.credentials
        self.register_outputs({"credentials": self.credentials})

    def mounted(self, service: ServiceSpec) -> list[docker.ServiceTaskSpecContainerSpecSecretArgs]:
        """What a service's containers get to read, as their user alone."""
        user, _, group = (service.user or "0").partition(":")
        return [
            docker.ServiceTaskSpecContainerSpecSecretArgs(
                secret_id=self._secrets[secret].id,
                secret_name=self._secrets[secret].name,
                file_name=secret,
                file_uid=user,
                file_gid=group or "0",
                # As libpq wants its file of passwords, and as nobody else needs to read any of them.
                file_mode=0o400,
            )
            for secret in service.secrets
        ]


def _encoded(content: str) -> str:
    return base64.b64encode(content.encode()).decode()
