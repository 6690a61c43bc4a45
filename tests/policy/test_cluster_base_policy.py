"""Invariants over a production base of several machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
import yaml

from tests.equipment.recording import Declared
from tests.policy.declared import plain
from tests.policy.production import TOKEN, declare_base, hetzner, server_type

FROM_ANYWHERE = ["0.0.0.0/0", "::/0"]


@pytest.fixture(scope="module", autouse=True)
def _token() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        environment.setenv("PREVIEW_HEALTH_PING_URL", "https://ping.test/secret")
        yield


@pytest.fixture(scope="module")
def of_cluster() -> list[Declared]:
    return declare_cluster(hetzner(), workers="2", workerType="cx33")


@pytest.fixture(scope="module")
def alone() -> list[Declared]:
    return declare_base(hetzner())


def declare_cluster(answers: Mapping[str, Mapping[str, Any]], **config: str) -> list[Declared]:
    return declare_base(answers, **{"grafanaPlugins": "none", **config})


def all_of(declared: list[Declared], kind: str) -> dict[str, Mapping[str, Any]]:
    return {one.name: one.inputs for one in declared if one.type.rsplit(":", 1)[-1] == kind}


def first_boot(server: Mapping[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(plain(server["userData"]))
    return loaded


def files(server: Mapping[str, Any]) -> dict[str, str]:
    return {entry["path"]: entry["content"] for entry in first_boot(server)["write_files"]}


def test_the_reverse_proxy_finds_services_of_the_cluster_only_where_there_are_workers(
    of_cluster: list[Declared], alone: list[Declared]
) -> None:
    def told(declared: list[Declared]) -> list[str]:
        found = [one.inputs["command"] for one in declared if one.inputs.get("name") == "traefik"]
        (command,) = found
        return list(command)

    assert "--providers.swarm=true" in told(of_cluster)
    assert not [argument for argument in told(alone) if "swarm" in argument]


def test_a_base_without_workers_declares_nothing_of_a_cluster(alone: list[Declared]) -> None:
    kinds = {one.type.rsplit(":", 1)[-1] for one in alone if one.type.startswith("hcloud:")}
    assert kinds == {"SshKey", "PrimaryIp", "Firewall", "Server"}
    assert not [one.name for one in alone if "swarm" in one.name or "worker" in one.name]


def test_the_first_boot_of_a_machine_alone_stays_byte_for_byte_what_it_was(alone: list[Declared]) -> None:
    (server,) = all_of(alone, "Server").values()
    # Whoever changes this on purpose says so in the changelog: machines that are there do not get it.
    assert (
        hashlib.sha256(plain(server["userData"]).encode()).hexdigest()
        == "819fb1ba226a3ec3092f9c0be57840d1b3f6b9aa2a092ca5fbd805d4f6bbd7d9"
    )


def test_workers_are_servers_of_their_own_names_size_and_address(of_cluster: list[Declared]) -> None:
    servers = {one["name"]: one for one in all_of(of_cluster, "Server").values()}
    assert sorted(servers) == ["ralph-preview-01", "ralph-preview-01-worker-1", "ralph-preview-01-worker-2"]
    assert [one["serverType"] for one in servers.values()] == ["cx33", "cx33", "cx33"]
    addresses = {one["name"]: one["autoDelete"] for one in all_of(of_cluster, "PrimaryIp").values()}
    assert addresses == {f"{name}-ipv4": False for name in servers}
    for one in servers.values():
        assert [net["ipv6Enabled"] for net in one["publicNets"]] == [False]


def test_a_worker_is_of_the_servers_size_unless_it_has_one_of_its_own() -> None:
    answers = hetzner()
    types = [server_type("cx33"), server_type("cx43", cores=8, memory=16)]
    answers["hcloud:index/getServerTypes:getServerTypes"] = {"id": "x", "serverTypes": types}
    for config, sizes in (({}, ["cx43", "cx43"]), ({"workerType": "cx33"}, ["cx43", "cx33"])):
        declared = declare_cluster(answers, workers="1", serverType="cx43", **config)
        assert [one["serverType"] for one in all_of(declared, "Server").values()] == sizes


def test_a_size_of_workers_that_will_not_do_is_refused_by_its_own_name() -> None:
    with pytest.raises(pulumi.RunError, match="cannot be ordered in 'nbg1' any more: set workerType to one of cx33"):
        declare_cluster(hetzner(), workers="1", workerType="cx31")


def test_all_machines_are_in_one_private_network_under_addresses_that_stay(of_cluster: list[Declared]) -> None:
    network = all_of(of_cluster, "Network")["cluster-network"]
    (subnet,) = all_of(of_cluster, "NetworkSubnet").values()
    assert network["ipRange"] == subnet["ipRange"] == "10.77.0.0/24"
    assert (subnet["type"], subnet["networkZone"]) == ("cloud", "eu-central")
    attached = {name: one["ip"] for name, one in all_of(of_cluster, "ServerNetwork").items()}
    assert attached == {
        "manager-network": "10.77.0.2", "worker-1-network": "10.77.0.3", "worker-2-network": "10.77.0.4",
    }  # fmt: skip


def test_no_firewall_lets_in_what_machines_of_a_cluster_ask_of_each_other(of_cluster: list[Declared]) -> None:
    for one in all_of(of_cluster, "Firewall").values():
        ports = {rule.get("port") for rule in one["rules"]}
        assert not ports & {"2377", "7946", "4789"}
        assert {rule["protocol"] for rule in one["rules"]} == {"tcp", "icmp"}, "no UDP, no ESP"
        assert all("-" not in (port or "") for port in ports)


def test_a_worker_lets_in_ssh_as_the_manager_does_and_ping_and_nothing_else(of_cluster: list[Declared]) -> None:
    firewalls = all_of(of_cluster, "Firewall")
    rules = firewalls["cluster-firewall"]["rules"]
    assert [(rule["protocol"], rule.get("port"), rule["sourceIps"]) for rule in rules] == [
        ("tcp", "22", FROM_ANYWHERE), ("icmp", None, FROM_ANYWHERE),
    ]  # fmt: skip
    assert rules[0] in firewalls["host-firewall"]["rules"]


def test_engines_of_a_cluster_give_services_what_a_service_cannot_have(of_cluster: list[Declared]) -> None:
    for server in all_of(of_cluster, "Server").values():
        daemon = json.loads(files(server)["/etc/docker/daemon.json"])
        assert "live-restore" not in daemon, "it and Swarm exclude each other"
        assert daemon["no-new-privileges"] is True
        assert daemon["storage-driver"] == "overlay2"
        assert daemon["default-ulimits"]["nproc"]["Hard"] == daemon["default-ulimits"]["nproc"]["Soft"] == 2048
        assert daemon["log-opts"] == {"max-size": "10m", "max-file": "3"}
        overlay = daemon["default-network-opts"]["overlay"]
        assert overlay == {"com.docker.network.driver.mtu": "1450"}, "Hetzner's private networks carry no more"


def test_a_worker_boots_with_all_that_keeps_a_machine_well_and_without_the_page(of_cluster: list[Declared]) -> None:
    servers = all_of(of_cluster, "Server")
    manager, worker = files(servers["host-server"]), files(servers["worker-1-server"])
    missing = {path.rsplit("/", 1)[-1] for path in set(manager) - set(worker)}
    assert missing == {
        "pgai-preview-page.service", "pgai-preview-page.timer",
        # One address is told of one machine's health.
        "pgai-preview-health.service", "pgai-preview-health.timer", "health.conf",
    }  # fmt: skip
    assert {path: text for path, text in worker.items() if manager[path] != text} == {}
    for key in ("users", "swap", "packages", "runcmd", "ssh_pwauth", "disable_root"):
        assert first_boot(servers["worker-1-server"])[key] == first_boot(servers["host-server"])[key]


def test_every_machine_is_reached_by_a_host_key_that_was_learnt_once(of_cluster: list[Declared]) -> None:
    commands = all_of(of_cluster, "Command")
    assert {name for name in commands if name.endswith("host-key")} == {
        "host-key", "worker-1-host-key", "worker-2-host-key",
    }  # fmt: skip
    for number in (1, 2):
        environment = commands[f"worker-{number}-join"]["environment"]
        for side in ("MANAGER", "WORKER"):
            assert "StrictHostKeyChecking=yes" in environment[side]
            assert "KnownHostsCommand=/bin/echo 203.0.113.5 ssh-ed25519 AAAAhostkey" in environment[side]
            assert "ForwardAgent=no" in environment[side]


def test_the_token_to_join_is_never_an_input_or_an_output_of_a_resource(of_cluster: list[Declared]) -> None:
    asking = [one.name for one in of_cluster if "swarm join-token" in json.dumps(one.inputs, default=str)]
    assert sorted(asking) == ["worker-1-join", "worker-2-join"]
    for name, one in all_of(of_cluster, "Command").items():
        if name in asking:
            # It goes from one machine to the other in a pipe; what comes out is the worker's id.
            assert "join-token --quiet worker' | eval" in one["create"]
            assert "stdin" not in one


def test_the_swarm_listens_in_the_private_network_alone(of_cluster: list[Declared]) -> None:
    commands = all_of(of_cluster, "Command")
    init, join = commands["swarm"]["create"], commands["worker-2-join"]["environment"]["JOIN"]
    assert "export ADDRESS=10.77.0.2\n" in init
    assert "export POOL=10.201.0.0/16\n" in init
    for option in ("advertise-addr", "listen-addr", "data-path-addr"):
        assert f'--{option} "$ADDRESS' in init
    assert "export ADDRESS=10.77.0.4\n" in join
    assert "export MANAGER_ADDRESS=10.77.0.2\n" in join
    for field in ("ListenAddr", "AdvertiseAddr", "DataPathAddr"):
        assert f'"{field}":"%s' in join


def test_each_machine_of_a_cluster_gets_the_plugins() -> None:
    declared = declare_cluster(hetzner(), workers="2", grafanaPlugins="a-panel@1.0")
    installers = {one.name for one in declared if one.inputs.get("name") == "grafana-plugins-init"}
    assert installers == {
        f"grafana-plugins{machine}-init" for machine in ("", "-ralph-preview-01-worker-1", "-ralph-preview-01-worker-2")
    }


def test_another_manager_is_refused_and_workers_are_none() -> None:
    mine = ("ralph-preview-01", "ralph-preview-01-worker-1", "ralph-preview-01-worker-2")
    assert declare_cluster(hetzner(*mine), workers="2")
    with pytest.raises(pulumi.RunError, match=r"already has ralph-preview-02, and"):
        declare_cluster(hetzner(*mine, "ralph-preview-02", "ralph-preview-02-worker-1"), workers="2")


def test_a_cluster_stands_in_another_range_where_it_is_told_to() -> None:
    declared = declare_cluster(hetzner(), workers="1", privateNetwork="10.9.0.0/16")
    assert all_of(declared, "Network")["cluster-network"]["ipRange"] == "10.9.0.0/16"
    assert all_of(declared, "ServerNetwork")["worker-1-network"]["ip"] == "10.9.0.3"
