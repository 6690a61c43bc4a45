"""Invariants over the production base, and over a preview on it."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest
import yaml

from stacks import preview
from tests.equipment.recording import Declared, declare
from tests.policy.declared import all_containers, containers, labels, plain
from tests.policy.production import TOKEN, ZONE, connections, declare_base, hetzner, one

pytestmark = pytest.mark.usefixtures("cloudflare_token")

LOOPBACK = "127.0.0.1"


def test_the_firewall_lets_in_ssh_http_https_and_ping_alone(of_vm: list[Declared]) -> None:
    rules = {(rule["direction"], rule["protocol"], rule.get("port")) for rule in one(of_vm, "Firewall")["rules"]}
    assert rules == {("in", "tcp", "22"), ("in", "tcp", "80"), ("in", "tcp", "443"), ("in", "icmp", None)}


def test_the_web_is_for_cloudflare_alone_unless_it_is_opened(of_vm: list[Declared]) -> None:
    for declared, closed in ((of_vm, True), (declare_base(hetzner(), webFrom="anywhere"), False)):
        sources = {rule.get("port"): rule["sourceIps"] for rule in one(declared, "Firewall")["rules"]}
        assert sources["22"] == sources[None] == ["0.0.0.0/0", "::/0"]
        assert sources["80"] == sources["443"]
        assert ("0.0.0.0/0" not in sources["80"] and "104.16.0.0/13" in sources["80"]) == closed


def test_first_boot_firewall_ssh_and_edge_agree_on_every_port_and_place() -> None:
    ports = {"sshPort": "2222", "httpPort": "8000", "httpsPort": "9443"}
    declared = declare_base(hetzner(), **ports, hostDirectory="/srv/previews")
    first_boot = yaml.safe_load(plain(one(declared, "Server")["userData"]))
    files = {file["path"]: file["content"] for file in first_boot["write_files"]}
    sshd = dict(line.split(maxsplit=1) for line in files["/etc/ssh/sshd_config.d/10-pgai-preview.conf"].splitlines())
    (user,) = first_boot["users"]
    opened = {rule["port"] for rule in one(declared, "Firewall")["rules"] if rule["protocol"] == "tcp"}
    published = {
        str(int(port["external"])) for port in containers(declared)["traefik"]["ports"] if port.get("ip") != LOOPBACK
    }
    # Whoever deploys comes in by the port that sshd listens on, as the user whom the first boot has made.
    assert sshd["Port"] == "2222"
    assert {int(each["port"]) for each in connections(declared)} == {2222}
    assert {each["user"] for each in connections(declared)} == {user["name"]} == {sshd["AllowUsers"]}
    assert opened == {"2222", *published} == {"2222", "8000", "9443"}
    assert files["/etc/pgai-preview/host.conf"] == "DIRECTORY=/srv/previews\n"
    assert first_boot["runcmd"][-1][1] == "DIRECTORY=/srv/previews"


def test_without_a_directory_of_its_own_the_vm_has_the_usual_one() -> None:
    declared = declare_base(hetzner(), hostDirectory="")
    assert "DIRECTORY=/opt/postgres-ai-previews" in plain(one(declared, "Server")["userData"])
    files = [each.inputs["remotePath"] for each in declared if each.type.endswith(":CopyToRemote")]
    assert files
    assert all(path.startswith("/opt/postgres-ai-previews/") for path in files)


def test_whoever_is_refused_another_server_is_told_the_way_that_gives_it_a_first_boot_of_its_own(
    of_vm: list[Declared],
) -> None:
    (guard,) = [each for each in of_vm if each.name == "guard"]
    assert "For a new server run pulumi destroy and pulumi up" in plain(guard.inputs["delete"])


def test_the_server_gets_the_firewall_and_an_address_that_outlives_it(of_vm: list[Declared]) -> None:
    server = one(of_vm, "Server")
    assert server["name"] == "ralph-preview-01"
    assert server["firewallIds"] == [4711]
    assert server["publicNets"] == [{"ipv4": 4711, "ipv4Enabled": True, "ipv6Enabled": False}]
    assert one(of_vm, "PrimaryIp")["autoDelete"] is False


def test_another_server_of_the_family_stops_everything_and_is_named() -> None:
    with pytest.raises(pulumi.RunError, match=r"ralph-preview-02, ralph-preview-old.*one ralph-preview-\* server only"):
        declare_base(hetzner("ralph-preview-old", "ralph-preview-02", "web-1"))


def test_its_own_server_and_strangers_do_not_stop_it() -> None:
    assert declare_base(hetzner("ralph-preview-01", "ralph-preview-02-worker-1", "web-1"))


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ("cx31", "cannot be ordered in 'nbg1' any more"),
        ("cx99", "has no server type 'cx99'"),
        ("cx23", "has 2 vCPU and 4 GB"),
    ],
)
def test_a_size_that_will_not_do_is_refused_naming_one_that_does(size: str, reason: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"{reason}.*set serverType to one of cx33"):
        declare_base(hetzner(), serverType=size)


def test_a_missing_cloudflare_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    with pytest.raises(pulumi.RunError, match="CLOUDFLARE_API_TOKEN is not set"):
        declare_base(hetzner())


def test_one_wildcard_certificate_is_asked_for_by_dns(of_vm: list[Declared]) -> None:
    traefik = containers(of_vm)["traefik"]
    acme = "--certificatesresolvers.wildcard.acme"
    assert {
        f"{acme}.email=admin@postgres.ai",
        f"{acme}.dnschallenge.provider=cloudflare",
        f"{acme}.dnschallenge.resolvers=1.1.1.1:53,8.8.8.8:53",
        f"{acme}.dnschallenge.propagation.delaybeforechecks=10",
        f"{acme}.storage=/acme/acme.json",
    } <= set(traefik["command"])
    assert labels(traefik)["traefik.http.routers.base.tls.domains[0].main"] == "*.pgai.watch"


def test_a_preview_never_asks_for_a_certificate(of_preview_on_vm: list[Declared]) -> None:
    for inputs in containers(of_preview_on_vm).values():
        assert not [label for label in labels(inputs) if "certresolver" in label]


def test_the_cloudflare_token_is_a_file_and_nowhere_else(of_vm: list[Declared]) -> None:
    holders = [each.name for each in of_vm if TOKEN in json.dumps(each.inputs, default=str)]
    assert holders == ["edge-certificate-token-carrier"]
    visible = {key: value for key, value in all_containers(of_vm)["traefik-secrets"].items() if key != "uploads"}
    assert TOKEN not in json.dumps(visible)


def test_the_dashboard_of_the_edge_is_on_loopback_of_the_vm(of_vm: list[Declared]) -> None:
    ports = {(port["ip"], port["external"]) for port in containers(of_vm)["traefik"]["ports"]}
    assert ports == {("0.0.0.0", 80), ("0.0.0.0", 443), ("127.0.0.1", 8080)}


def test_archives_of_plugins_go_to_the_vm_and_are_installed_there(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_bytes(b"archive")
    declared = declare_base(hetzner(), grafanaPlugins=f"mine-panel@1.0={tmp_path}/mine.zip")
    directory = "/opt/postgres-ai-previews/grafana-plugin-files"
    assert f"{directory}.upload" in [
        each.inputs["remotePath"] for each in declared if each.type.endswith(":CopyToRemote")
    ]
    volumes = all_containers(declared)["grafana-plugins-init"]["volumes"]
    assert directory in [volume.get("hostPath") for volume in volumes]


def test_a_preview_has_one_proxied_a_record_with_automatic_ttl(of_preview_on_vm: list[Declared]) -> None:
    record = one(of_preview_on_vm, "DnsRecord")
    assert (record["name"], record["type"], record["content"]) == ("preview-feature-a.pgai.watch", "A", "203.0.113.5")
    assert record["proxied"] is True
    assert record["ttl"] == 1
    assert record["zoneId"] == ZONE


def test_a_preview_on_the_vm_is_what_it_is_on_this_machine(of_preview_on_vm: list[Declared]) -> None:
    here = declare(preview.preview, stack="preview-feature-a", config={"branch": "feature/a"})
    there = {name: inputs["memory"] for name, inputs in containers(of_preview_on_vm).items()}
    assert there == {name: inputs["memory"] for name, inputs in containers(here).items()}
    volumes = [volume for inputs in containers(of_preview_on_vm).values() for volume in inputs.get("volumes") or []]
    hosts = {volume["hostPath"] for volume in volumes if volume.get("hostPath")}
    assert all(path.startswith("/opt/postgres-ai-previews/previews/feature-a/") for path in hosts)


def test_the_page_of_all_previews_has_a_proxied_record_of_its_own(of_vm: list[Declared]) -> None:
    record = one(of_vm, "DnsRecord")
    assert (record["name"], record["content"]) == ("previews.pgai.watch", "203.0.113.5")
    assert (record["type"], record["proxied"], record["ttl"]) == ("A", True, 1)
    outputs = containers(of_vm)["page"]["envs"]
    assert outputs == ["PAGE_URL=https://previews.pgai.watch"], "443 need not be said"
