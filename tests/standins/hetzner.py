"""The vendor's client of the fake Hetzner API, with what the tests make again and again."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from hcloud import APIException, Client
from hcloud.firewalls.domain import FirewallRule
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType

from tests.equipment.fakes import FakeHetzner, ServerEvent
from tests.equipment.fakes.messages import Json

FSN = Location(name="fsn1")
ANYWHERE = ["0.0.0.0/0", "::/0"]


class Cloud:
    """A fake, the vendor's client of it, and what its hook was told."""

    def __init__(self) -> None:
        self.events: list[tuple[ServerEvent, str]] = []
        self.fake = FakeHetzner(action_seconds=0.05, on_server=self.on_server)

    def on_server(self, event: ServerEvent, server: Json) -> None:
        self.events.append((event, server["name"]))

    @property
    def client(self) -> Any:
        """The vendor's client; its own types say of everything that it may be None."""
        return Client(self.fake.token, api_endpoint=self.fake.url, poll_interval=0.02)

    def key(self, name: str = "deploy") -> Any:
        return self.client.ssh_keys.create(name, public_key())

    def address(self, name: str = "preview") -> Any:
        return self.client.primary_ips.create("ipv4", name, location=FSN, auto_delete=False).primary_ip

    def firewall(self, name: str = "preview") -> Any:
        rule = FirewallRule("in", "tcp", ANYWHERE, port="22")
        return self.client.firewalls.create(name, rules=[rule]).firewall

    def server(self, name: str = "ralph-preview-01", *, kind: str = "cx33", **more: Any) -> Any:
        """Make a server and wait until it runs."""
        wanted = {"location": FSN, **more}
        made = self.client.servers.create(name, ServerType(name=kind), Image(name="debian-12"), **wanted)
        for action in (made.action, *made.next_actions):
            action.wait_until_finished()
        return self.client.servers.get_by_id(made.server.id)


def public_key() -> str:
    """A new public key; nobody has the private one."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + secrets.token_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} test"


def refused(attempt: Callable[[], object]) -> APIException:
    """The error with which the client ends an attempt."""
    with pytest.raises(APIException) as caught:
        attempt()
    return caught.value


def fields_of(error: APIException) -> list[str]:
    """The fields that an error about the input names."""
    return [field["name"] for field in error.details["fields"]]
