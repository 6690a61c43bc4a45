"""Production around a stand-in for the VM: fakes of both clouds, a real ACME server, an operator's clone."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from stacks.names import page_host, slug_of
from stacks.settings import PROJECT
from tests.equipment.bridge import address_for_containers
from tests.equipment.checkout import Clone, ok
from tests.equipment.fakes import FakeCloudflare, FakeDns, FakeHetzner
from tests.equipment.pebble import Pebble, running_pebble
from tests.equipment.ports import free_ports
from tests.equipment.sshd import agent
from tests.equipment.vm import Vm, running_vm

DOMAIN = "preview.test"


@dataclass
class Production:
    """An operator with accounts in both clouds.

    Attributes:
        clone: The operator's clone.
        vm: The stand-in for the VM.
        hetzner: Fake Hetzner.
        cloudflare: Fake Cloudflare.
        pebble: Certificate authority.
        token: Keeps what this run makes apart from everything else on the engine.
        ports: Configuration key → port.
        dns: Address and port of the DNS server that answers from Cloudflare's records.
    """

    clone: Clone
    vm: Vm
    hetzner: FakeHetzner
    cloudflare: FakeCloudflare
    pebble: Pebble
    token: str
    ports: dict[str, int]
    dns: tuple[str, int]

    def records(self, kind: str = "A") -> dict[str, Any]:
        """Name → record of Cloudflare."""
        found = self.cloudflare.state.all_records()
        return {record["name"]: record for record in found if record["type"] == kind}

    def proofs(self) -> int:
        """How often a proof for a certificate was put into DNS."""
        return sum(
            request.method == "POST" and "_acme-challenge" in str(request.body) for request in self.cloudflare.requests
        )

    def row(self, branch: str) -> dict[str, Any]:
        """What ``list`` says of a branch's preview."""
        (found,) = [each for each in self.clone.json("list", "--json") if each["branch"] == branch]
        assert isinstance(found, dict)
        return found

    def commands_and_copies(self, branch: str) -> int:
        """How many remote commands and copies a branch's preview consists of."""
        exported = ok(self.clone.pulumi("stack", "export", "--stack", f"preview-{slug_of(branch)}")).stdout
        resources = json.loads(exported)["deployment"]["resources"]
        return sum(resource["type"].startswith("command:remote:") for resource in resources)

    @property
    def page(self) -> str:
        """Host name of the page of all previews."""
        return page_host(DOMAIN)

    def host(self, branch: str) -> str:
        """Host name of a branch's preview."""
        return f"preview-{slug_of(branch)}.{DOMAIN}"

    def url(self, branch: str) -> str:
        """Address of a branch's preview."""
        return f"https://{self.host(branch)}:{self.ports['httpsPort']}"

    def viewer(self, branch: str) -> httpx.Client:
        """A viewer of a branch's preview."""
        return self.reader(self.host(branch))

    def reader(self, host: str) -> httpx.Client:
        """Somebody who trusts the authority alone, and finds the machine as DNS says."""

        def ask_by_name(request: httpx.Request) -> None:
            request.headers["Host"] = host
            request.extensions["sni_hostname"] = host

        return httpx.Client(
            base_url=f"https://{self.records()[host]['content']}:{self.ports['httpsPort']}",
            verify=ssl.create_default_context(cadata=self.pebble.issuing_root()),
            event_hooks={"request": [ask_by_name]},
            timeout=20,
        )


_FORWARDER = """
import socket, sys
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("0.0.0.0", 53))
while True:
    question, asker = listener.recvfrom(4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
        upstream.settimeout(5)
        upstream.sendto(question, (sys.argv[1], int(sys.argv[2])))
        listener.sendto(upstream.recv(4096), asker)
"""


@contextmanager
def zone_name_server(engine: Any, production: Production) -> Iterator[None]:
    """The zone's own name server, under its name and on port 53 for whoever is on the base's network.

    A certificate's proof is looked for there too, and no record can name another port.
    """
    container = engine.containers.create(
        "postgresai/monitoring-flask-backend:0.14.0",
        ["-c", _FORWARDER, production.dns[0], str(production.dns[1])],
        entrypoint="python3",
        name=f"{production.token}-name-server",
    )
    try:
        network = engine.networks.get(f"{production.token}-traefik-public")
        network.connect(container, aliases=["ns.fake-cloudflare.test"])
        container.start()
        yield
    finally:
        container.remove(force=True, v=True)


@contextmanager
def running_production(engine: Any, root: Path, *, calm: bool = True) -> Iterator[Production]:
    """Clouds, authority and a machine that waits for its base; all gone afterwards.

    Args:
        engine: Docker client.
        root: Directory for files.
        calm: Whether the workload of previews leaves the processors to the tests.
    """
    token = f"p{secrets.token_hex(3)}"
    # Traefik asks the authority and Cloudflare there.
    gateway = address_for_containers(engine)
    with ExitStack() as stack:
        hetzner = stack.enter_context(FakeHetzner(addresses=["127.0.0.1"]))
        cloudflare = stack.enter_context(FakeCloudflare([DOMAIN], private_targets=True, host=gateway))
        dns = stack.enter_context(FakeDns(cloudflare, host=gateway))
        pebble = stack.enter_context(running_pebble(root, address=gateway, dns=f"{gateway}:{dns.port}"))
        ssh_port, *ports = free_ports(5)
        vm = stack.enter_context(running_vm(engine, root, token=token, port=ssh_port))
        socket = stack.enter_context(agent(vm.private_key))
        clone = Clone.make(root, token, calm=calm)
        clone.extra.update(
            SSH_AUTH_SOCK=socket,
            HCLOUD_TOKEN=hetzner.token,
            HCLOUD_ENDPOINT=hetzner.url,
            CLOUDFLARE_API_TOKEN=cloudflare.token,
            CLOUDFLARE_BASE_URL=cloudflare.url,
            PREVIEW_BASE="base",
            # Commands are typed as the runbook has them, and nobody is there to say yes.
            PULUMI_SKIP_CONFIRMATIONS="true",
        )
        names = ("httpPort", "httpsPort", "dashboardPort", "nodeExporterPort")
        values = {
            **dict(zip(names, ports, strict=True)),
            "domain": DOMAIN,
            "bindAddress": "127.0.0.1",
            "namePrefix": clone.prefix,
            "hostDirectory": str(vm.directory),
            "sshPublicKey": vm.public_key,
            "sshPort": vm.port,
            "readyWithinSeconds": 60,
            "zoneId": cloudflare.zone_id(DOMAIN),
            "acmeAuthority": pebble.directory,
            "acmeRoots": str(pebble.roots),
            "acmeDelaySeconds": 0,
            "dnsResolvers": f"{gateway}:{dns.port}",
            "cloudflareApiUrl": cloudflare.url,
            "grafanaPlugins": "none",
        }
        content = {"config": {f"{PROJECT}:{key}": str(value) for key, value in values.items()}}
        (clone.path / "Pulumi.base.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        ports_by_key = dict(zip(names, ports, strict=True))
        yield Production(clone, vm, hetzner, cloudflare, pebble, token, ports_by_key, (gateway, dns.port))
