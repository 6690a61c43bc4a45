"""A preview's passwords as files for the containers that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.labels import SERVICE
from components.passwords import kept_passwords
from components.secret_files import ReaderSecrets, SecretFiles, SecretFilesArgs
from components.service_spec import ServiceSpec


@dataclass(frozen=True, kw_only=True)
class PreviewSecretsArgs:
    """What is asked for.

    Attributes:
        prefix: Start of the volume's name, ``preview-<slug>``.
        labels: Labels of everything that Docker keeps for the preview.
        services: Services, with the names of the secrets that each may read.
        image: An image that is on the machine anyway and names no user.
        earlier_passwords: See :func:`components.passwords.kept_passwords`.
    """

    prefix: str
    labels: Mapping[str, str]
    services: Sequence[ServiceSpec]
    image: str
    earlier_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


class PreviewSecrets(pulumi.ComponentResource):
    """Keeps a preview's passwords and hands each to the services that read it.

    Attributes:
        volume: Name of the volume with a folder for each service, known once it is filled.
        credentials: Service → ``user`` and ``password``; secret.
    """

    volume: pulumi.Output[str]
    credentials: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: PreviewSecretsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:secrets:PreviewSecrets", name, None, pulumi.ResourceOptions(parent=opts.parent))
        passwords = kept_passwords(name, self, args.earlier_passwords)
        self.volume = SecretFiles(
            f"{name}-files",
            SecretFilesArgs(
                name=f"{args.prefix}-secrets",
                labels={**args.labels, SERVICE: "secrets"},
                image=args.image,
                readers={
                    service.key: ReaderSecrets(
                        owner=(service.user or "0").partition(":")[0],
                        files={secret: passwords.contents[secret] for secret in service.secrets},
                    )
                    for service in args.services
                    if service.secrets
                },
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with),
        ).volume
        self.credentials = passwords.credentials
        self.register_outputs({"credentials": self.credentials})
