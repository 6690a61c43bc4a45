"""A preview's passwords: generated, and encrypted in the state. How services get to read them is not said here."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.services import PASSFILES, SECRETS

_LENGTH = 32
# They pass through SQL, libpq's password file and Grafana's settings unchanged.
_CHARACTERS = string.ascii_letters + string.digits
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


def kept_passwords(name: str, parent: pulumi.Resource, earlier: Mapping[str, str]) -> Passwords:
    """The passwords of a preview: generated at its first deploy, and kept from then on.

    Args:
        name: Start of the name of the resource.
        parent: Component that it belongs to.
        earlier: Name of a secret → password that the preview has had until now; empty for a new one.
    """
    # A stash keeps what it was given first, and what is generated at each further run is thrown away. The engine has it
    # itself: neither a plugin nor a resource for each password. So a secret that comes later needs a stash of its own.
    stash = pulumi.Stash(
        f"{name}-passwords",
        input=pulumi.Output.secret({secret: earlier.get(secret) or _generated() for secret in SECRETS}),
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["input"], additional_secret_outputs=["output"]),
    )
    passwords: dict[str, pulumi.Output[str]] = {secret: stash.output[secret] for secret in SECRETS}
    passfiles = {passfile: _passfile(lines, passwords) for passfile, lines in PASSFILES.items()}
    known = pulumi.Output.all(**{secret: passwords[secret] for secret in _USERS})
    return Passwords({**passwords, **passfiles}, pulumi.Output.secret(known.apply(_credentials)))


def _generated() -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH))


def _passfile(lines: Sequence[str], passwords: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    # As secret as what is put into it.
    return pulumi.Output.format("".join(f"{line}\n" for line in lines), **passwords)


def _credentials(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {service: {"user": user, "password": passwords[secret]} for secret, (service, user) in _USERS.items()}
