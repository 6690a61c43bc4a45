"""A preview's passwords: generated, and encrypted in the state. How services get to read them is not said here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.services import PASSFILES, SECRETS

_LENGTH = 32
_USERS = {
    "grafana_admin": ("grafana", "admin"),
    "sink_postgres": ("sink", "postgres"),
    "target_postgres": ("target", "postgres"),
}


@dataclass(frozen=True)
class Passwords:
    """The passwords of one preview.

    Attributes:
        contents: Name of a secret, as services name what they read → its content; secret.
        credentials: Service → ``user`` and ``password`` for people; secret.
    """

    contents: Mapping[str, pulumi.Output[str]]
    credentials: pulumi.Output[dict[str, dict[str, str]]]


def generated_passwords(name: str, parent: pulumi.Resource) -> Passwords:
    """Generate the passwords of a preview.

    Args:
        name: Start of the names of the resources.
        parent: Component that they belong to.
    """
    passwords = {
        # Letters and digits alone: it passes through SQL, libpq's password file and Grafana's settings unchanged.
        secret: random.RandomPassword(
            f"{name}-{secret.replace('_', '-')}",
            length=_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=parent),
        ).result
        for secret in SECRETS
    }
    passfiles = {passfile: _passfile(lines, passwords) for passfile, lines in PASSFILES.items()}
    known = pulumi.Output.all(**{secret: passwords[secret] for secret in _USERS})
    return Passwords({**passwords, **passfiles}, pulumi.Output.secret(known.apply(_credentials)))


def _passfile(lines: Sequence[str], passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    # As secret as what is put into it.
    return pulumi.Output.format("".join(f"{line}\n" for line in lines), **passwords)


def _credentials(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {service: {"user": user, "password": passwords[secret]} for secret, (service, user) in _USERS.items()}
