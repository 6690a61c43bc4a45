"""The real hcloud plugin cannot tell the fake Hetzner API from the vendor's: it asks more than the Python client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stacks.paths import Paths
from tests.equipment.fakes import FakeHetzner
from toolchain.environment import environment

pytestmark = pytest.mark.engine

PROGRAM = """
import json, os
import pulumi, pulumi_hcloud as hcloud

wish = json.loads(os.environ["WISH"])
provider = hcloud.Provider(
    "hetzner", token=pulumi.Config().require_secret("token"), endpoint=os.environ["ENDPOINT"], poll_interval="50ms"
)
own = pulumi.ResourceOptions(provider=provider)
key = hcloud.SshKey("key", name="deploy", public_key=wish["key"], labels={"made-by": "test"}, opts=own)
address = hcloud.PrimaryIp(
    "address", name="preview", type="ipv4", assignee_type="server", auto_delete=False, location="fsn1",
    delete_protection=wish["protect"], opts=own,
)
firewall = hcloud.Firewall(
    "firewall",
    name="preview",
    rules=[
        {"direction": "in", "protocol": "icmp", "source_ips": ["0.0.0.0/0", "::/0"]},
        *(
            {"direction": "in", "protocol": "tcp", "port": port, "source_ips": ["0.0.0.0/0", "::/0"]}
            for port in wish["ports"]
        ),
    ],
    opts=own,
)
server = hcloud.Server(
    "server",
    name="ralph-preview-01",
    server_type=wish["type"],
    image="debian-12",
    location="fsn1",
    ssh_keys=[key.id],
    user_data=wish["user_data"],
    firewall_ids=[firewall.id.apply(int)],
    public_nets=[{"ipv4_enabled": True, "ipv4": address.id.apply(int), "ipv6_enabled": False}],
    labels=wish["labels"],
    delete_protection=wish["protect"],
    rebuild_protection=wish["protect"],
    keep_disk=True,
    opts=pulumi.ResourceOptions(provider=provider, delete_before_replace=True),
)
pulumi.export("ipv4", server.ipv4_address)
asking = pulumi.InvokeOptions(provider=provider)
pulumi.export("servers", [one.name for one in hcloud.get_servers(opts=asking).servers])
pulumi.export("orderable", [
    one.name for one in hcloud.get_server_types(opts=asking).server_types
    if not one.is_deprecated
])
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVq2wS6Yw6Fj4Dk2mB3o3x8m9sJm4oR3q1m7d0G3N1b test"


@dataclass
class Stack:
    """A stack whose provider talks to a fake."""

    directory: Path
    env: dict[str, str]
    fake: FakeHetzner

    def pulumi(self, *arguments: str, **wish: Any) -> subprocess.CompletedProcess[str]:
        wishes = {
            "key": KEY,
            "ports": ["22", "80", "443"],
            "type": "cx33",
            "user_data": "#cloud-config\n",
            "labels": {"role": "preview"},
            "protect": False,
            **wish,
        }
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.directory,
            env={**self.env, "WISH": json.dumps(wishes), "ENDPOINT": self.fake.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def done(self, *arguments: str, **wish: Any) -> str:
        """Output of an operation that must succeed."""
        done = self.pulumi(*arguments, **wish)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str, **wish: Any) -> str:
        """Output of an operation that must fail."""
        done = self.pulumi(*arguments, **wish)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def changed(self) -> list[tuple[str, str]]:
        """Requests so far that change something."""
        return [(one.method, one.path) for one in self.fake.requests if one.method != "GET"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    state, directory = tmp_path / "state", tmp_path / "program"
    state.mkdir()
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text(
        f"name: contract\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
    )
    (directory / "__main__.py").write_text(PROGRAM)
    env = {**os.environ, **environment(Paths.default())}
    env |= {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "for this test"}
    with FakeHetzner() as fake:
        result = Stack(directory, env, fake)
        result.done("stack", "init", "one")
        result.done("config", "set", "--secret", "token", fake.token)
        yield result


def test_the_plugin_makes_sees_changes_and_removes_a_server_with_all_that_belongs_to_it(stack: Stack) -> None:
    stack.done("up", "--yes", "--skip-preview")
    state = stack.fake.state
    server = state.server("ralph-preview-01")
    (address,) = state.primary_ips.values()
    (firewall,) = state.firewalls.values()
    assert (server["status"], address["assignee_id"]) == ("running", server["id"])
    assert server["public_net"]["firewalls"] == [{"id": firewall["id"], "status": "applied"}]
    assert sorted(rule["port"] or "" for rule in firewall["rules"]) == ["", "22", "443", "80"]
    assert state.boots[server["id"]].user_data == "#cloud-config\n"
    outputs = json.loads(stack.done("stack", "output", "--json"))
    assert outputs["ipv4"] == address["ip"]
    assert outputs["servers"] == []
    assert "cx33" in outputs["orderable"]
    assert not {"cx31", "cx32"} & set(outputs["orderable"])

    before = stack.changed()
    stack.done("up", "--yes", "--skip-preview", "--expect-no-changes")
    stack.done("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert stack.changed() == before, "neither a second up nor a refresh changes anything"

    stack.done("up", "--yes", "--skip-preview", labels={"role": "changed"}, ports=["22"], type="cx43")
    state = stack.fake.state
    changed = state.server("ralph-preview-01")
    assert (changed["id"], changed["status"]) == (server["id"], "running")
    assert (changed["labels"], changed["server_type"]["name"]) == ({"role": "changed"}, "cx43")
    assert [rule["port"] for rule in next(iter(state.firewalls.values()))["rules"] if rule["port"]] == ["22"]

    stack.done("destroy", "--yes", "--skip-preview")
    assert stack.fake.state.empty


def test_the_address_survives_a_replacement_of_the_server(stack: Stack) -> None:
    stack.done("up", "--yes", "--skip-preview")
    before = stack.fake.state
    stack.done("up", "--yes", "--skip-preview", user_data="#cloud-config\n# changed\n")
    after = stack.fake.state
    assert after.server("ralph-preview-01")["id"] != before.server("ralph-preview-01")["id"]
    (old,), (new,) = before.primary_ips.values(), after.primary_ips.values()
    assert (old["id"], old["ip"]) == (new["id"], new["ip"])
    assert new["assignee_id"] == after.server("ralph-preview-01")["id"]
    stack.done("destroy", "--yes", "--skip-preview")


def test_a_protected_server_is_not_destroyed_until_the_protection_is_lifted(stack: Stack) -> None:
    stack.done("up", "--yes", "--skip-preview", protect=True)
    assert "protected" in stack.refused("destroy", "--yes", "--skip-preview")
    assert stack.fake.state.server("ralph-preview-01")["protection"] == {"delete": True, "rebuild": True}
    stack.done("up", "--yes", "--skip-preview", protect=False)
    stack.done("destroy", "--yes", "--skip-preview")
    assert stack.fake.state.empty


def test_the_plugin_tells_what_the_api_refuses(stack: Stack) -> None:
    out = stack.refused("up", "--yes", "--skip-preview", type="cx31")
    assert "can no longer be ordered" in out
    assert not stack.fake.state.servers
    out = stack.refused("up", "--yes", "--skip-preview", user_data="#" * 32769)
    assert "invalid_input" in out
    stack.fake.fail_action("start_server", "placement_error", "no host has room")
    out = stack.refused("up", "--yes", "--skip-preview")
    assert "no host has room" in out
    assert stack.fake.state.server("ralph-preview-01")["status"] == "off"
    stack.done("destroy", "--yes", "--skip-preview")
    assert stack.fake.state.empty


def test_a_rate_limit_and_a_restarting_gateway_are_survived(stack: Stack) -> None:
    stack.fake.fail_next(429, times=2, method="POST")
    stack.fake.fail_next(502, times=1, method="GET")
    stack.done("up", "--yes", "--skip-preview")
    statuses = [one.status for one in stack.fake.requests]
    assert statuses.count(429) == 2
    assert 502 in statuses
    stack.done("destroy", "--yes", "--skip-preview")
