"""What a production base declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacks import production
from tests.equipment.recording import Declared, declare
from tests.policy.declared import plain

TOKEN = "cloudflare-token-of-the-test"
ZONE = "0123456789abcdef0123456789abcdef"
CONFIG = {
    "domain": "pgai.watch",
    "bindAddress": "0.0.0.0",
    "httpPort": "80",
    "httpsPort": "443",
    "dashboardPort": "8080",
    "hostDirectory": "/opt/postgres-ai-previews",
    "sshPublicKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN0 someone",
    "zoneId": ZONE,
}

VM_OUTPUTS = {
    "kind": "hetzner",
    "docker_host": "ssh://deploy@203.0.113.5:22",
    "host_directory": "/opt/postgres-ai-previews",
    "edge_network": "traefik-public",
    "domain": "pgai.watch",
    "scheme": "https",
    "port": 443,
    "max_previews": 2,
    "min_free_disk_gb": 5,
    "min_available_memory_gb": 1,
    "address": "203.0.113.5",
    "ssh_user": "deploy",
    "ssh_port": 22,
    "ssh_host_key": "ssh-ed25519 AAAAhostkey",
    "zone_id": ZONE,
}


def server_type(name: str, *, cores: int = 4, memory: float = 8, deprecated: bool = False) -> dict[str, Any]:
    location = {
        "available": not deprecated, "deprecationAnnounced": "", "id": 1, "isDeprecated": deprecated, "name": "nbg1",
        "recommended": True, "unavailableAfter": "",
    }  # fmt: skip
    return {"name": name, "cores": cores, "memory": memory, "isDeprecated": deprecated, "locations": [location]}


def hetzner(*servers: str) -> dict[str, Mapping[str, Any]]:
    """What Hetzner answers when these servers exist."""
    types = [server_type("cx33"), server_type("cx31", deprecated=True), server_type("cx23", cores=2, memory=4)]
    return {
        "hcloud:index/getServers:getServers": {"id": "x", "servers": [{"name": name} for name in servers]},
        "hcloud:index/getLocation:getLocation": {"id": 2, "name": "nbg1", "networkZone": "eu-central"},
        "hcloud:index/getServerTypes:getServerTypes": {"id": "x", "serverTypes": types},
    }


def declare_base(answers: Mapping[str, Mapping[str, Any]], **config: str) -> list[Declared]:
    return declare(production.production, stack="base", config={**CONFIG, **config}, answers=answers)


def one(declared: list[Declared], kind: str) -> Mapping[str, Any]:
    (found,) = [each.inputs for each in declared if each.type.rsplit(":", 1)[-1] == kind]
    return found


def connections(declared: list[Declared]) -> list[Mapping[str, Any]]:
    """How commands and copies connect; at least one does."""
    found = [plain(each.inputs["connection"]) for each in declared if each.type.startswith("command:remote:")]
    assert found
    return found
