"""SSH keys of the fake Hetzner API."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable

from flask import Response

from tests.equipment.fakes.hetzner.common import body, free_name, labels, text
from tests.equipment.fakes.hetzner.errors import invalid, not_unique
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.http import Handler, Json, now, reply

_ALGORITHMS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_TAKEN = "SSH key not unique"


class SshKeys:
    """The part `/ssh_keys`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.ssh_keys

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("POST", "/ssh_keys", self._create),
            (
                "GET",
                "/ssh_keys/<int:number>",
                lambda number: reply(200, {"ssh_key": lookup(self._table, "SSH key", number)}),
            ),
            ("DELETE", "/ssh_keys/<int:number>", self._delete),
        )

    def _create(self) -> Response:
        content = body("name", "public_key", "labels")
        name, public_key = text(content, "name"), text(content, "public_key").strip()
        print_of_it = fingerprint(public_key)
        free_name(self._table.values(), name, _TAKEN)
        if any(key["fingerprint"] == print_of_it for key in self._table.values()):
            raise not_unique("public_key", _TAKEN)
        key: Json = {
            "id": self._project.new_id(),
            "name": name,
            "fingerprint": print_of_it,
            "public_key": public_key,
            "labels": labels(content),
            "created": now(),
        }
        self._table[key["id"]] = key
        return reply(201, {"ssh_key": key})

    def _delete(self, number: int) -> Response:
        del self._table[lookup(self._table, "SSH key", number)["id"]]
        return reply(204)


def fingerprint(public_key: str) -> str:
    """MD5 fingerprint of a public key in OpenSSH's form.

    Raises:
        RefusalError: 422, it is no public key.
    """
    parts = public_key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise invalid("public_key", "invalid public key") from error
    length = int.from_bytes(blob[:4], "big")
    if parts[0] not in _ALGORITHMS or blob[4 : 4 + length] != parts[0].encode():
        raise invalid("public_key", "invalid public key")
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, 32, 2))
