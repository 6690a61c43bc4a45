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
from hcloud.servers.domain import ServerCreatePublicNetwork

from tests.equipment.fakes import FakeHetzner

FSN = Location(name="fsn1")
ANYWHERE = ["0.0.0.0/0", "::/0"]


class Cloud:
    """A fake, and the vendor's client of it."""

    def __init__(self, action_seconds: float = 0.05) -> None:
        self.fake = FakeHetzner(action_seconds=action_seconds)

    @property
    def client(self) -> Any:
        """The vendor's client; its own types say of everything that it may be None."""
        # A minute of patience, also where the machine is so quick that no question takes longer than the pause.
        return Client(self.fake.token, api_endpoint=self.fake.url, poll_interval=0.02, poll_max_retries=3000)

    def key(self, name: str = "deploy") -> Any:
        return self.client.ssh_keys.create(name, public_key())

    def address(self, name: str = "preview", location: Location = FSN) -> Any:
        return self.client.primary_ips.create("ipv4", name, location=location, auto_delete=False).primary_ip

    def firewall(self, name: str = "preview") -> Any:
        rule = FirewallRule("in", "tcp", ANYWHERE, port="22")
        return self.client.firewalls.create(name, rules=[rule]).firewall

    def order(self, name: str = "ralph-preview-01", *, kind: str = "cx33", address: Any = None, **more: Any) -> Any:
        """Ask for a server, with a new address unless one is given; what the API answers at once."""
        place = more.setdefault("location", FSN)
        given = address or self.address(f"address-{secrets.token_hex(3)}", place)
        more["public_net"] = ServerCreatePublicNetwork(ipv4=given, enable_ipv6=False)
        return self.client.servers.create(name, ServerType(name=kind), Image(name="debian-12"), **more)

    def server(self, *arguments: Any, **more: Any) -> Any:
        """Make a server and wait until it runs."""
        made = self.order(*arguments, **more)
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
