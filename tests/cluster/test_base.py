"""A base of several machines, in the order of its life: one worker, a second, one less, the end.

The tests of this file build on each other, as an operator's steps do.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tenacity import retry, stop_after_delay, wait_fixed

from stacks.settings import PROJECT, BaseSettings
from tests.equipment.checkout import Clone, ok
from tests.equipment.cluster_machines import MANAGER, ClusterMachines, running_machines
from tests.equipment.fakes import FakeCloudflare, FakeHetzner
from tests.equipment.plugin_archives import DATASOURCE, archive_of_datasource
from tests.equipment.processes import arguments_with
from tests.equipment.production import DOMAIN
from tests.equipment.runbook import type_in
from tests.equipment.sshd import agent, make_key
from tests.equipment.state import unpacked

pytestmark = pytest.mark.engine

GUARD = "urn:pulumi:base::pgai-preview::command:remote:Command::guard"
NETWORK = "10.77.0"
_BEGINNING = "SWMTKN-"


@dataclass
class Operator:
    """Who brings the base up.

    Attributes:
        clone: The operator's clone.
        on: The machines.
        hetzner: Fake Hetzner.
        tokens: Tokens that workers have joined with.
    """

    clone: Clone
    on: ClusterMachines
    hetzner: FakeHetzner
    tokens: list[str] = field(default_factory=list)

    @property
    def manager(self) -> Any:
        """Client of the manager's engine."""
        return self.on.machines.nodes[0].client

    def nodes(self) -> dict[str, tuple[str, str, str]]:
        """Name → role as labelled, state and address of the cluster's nodes."""
        found = (node.attrs for node in self.manager.nodes.list())
        return {
            one["Description"]["Hostname"]: (
                one["Spec"]["Labels"].get("pgai.preview.role", ""),
                one["Status"]["State"],
                one["Status"]["Addr"],
            )
            for one in found
        }

    def up(self, workers: int, *arguments: str) -> str:
        """Bring the base up with so many workers; gives what Pulumi says of it."""
        file = self.clone.path / "Pulumi.base.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content["config"][f"{PROJECT}:workers"] = str(workers)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        with arguments_with(f"{_BEGINNING}1".encode()) as seen:
            done = ok(self.clone.pulumi("up", "--yes", "--skip-preview", "--stack", "base", *arguments))
        assert not seen, "a token to join was in the arguments of a process"
        self.tokens.append(self.manager.swarm.attrs["JoinTokens"]["Worker"])
        return done.text


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    root = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        on = stack.enter_context(running_machines(3, NETWORK))
        hetzner = stack.enter_context(FakeHetzner(addresses=on.addresses))
        cloudflare = stack.enter_context(FakeCloudflare([DOMAIN], private_targets=True))
        clone = Clone.make(root, "c")
        clone.extra.update(
            SSH_AUTH_SOCK=stack.enter_context(agent(on.private_key)),
            HCLOUD_TOKEN=hetzner.token,
            HCLOUD_ENDPOINT=hetzner.url,
            CLOUDFLARE_API_TOKEN=cloudflare.token,
            CLOUDFLARE_BASE_URL=cloudflare.url,
            PULUMI_SKIP_CONFIRMATIONS="true",
        )
        values = {
            "domain": DOMAIN,
            "hostDirectory": on.directory,
            "sshPublicKey": on.public_key,
            "readyWithinSeconds": 60,
            "zoneId": cloudflare.zone_id(DOMAIN),
            # Nobody asks for a certificate here.
            "acmeAuthority": "https://127.0.0.1:1/directory",
            "grafanaPlugins": archive_of_datasource(root),
        }
        content = {"config": {f"{PROJECT}:{key}": str(value) for key, value in values.items()}}
        (clone.path / "Pulumi.base.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        ok(clone.pulumi("stack", "init", "base"))
        yield Operator(clone, on, hetzner)


def outputs(operator: Operator) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ok(operator.clone.pulumi("stack", "output", "--json", "--stack", "base")).stdout)
    return read


def test_a_worker_is_brought_up_joins_and_is_known(operator: Operator) -> None:
    operator.up(1)
    assert operator.nodes() == {
        MANAGER: ("manager", "ready", f"{NETWORK}.2"),
        f"{MANAGER}-worker-1": ("worker", "ready", f"{NETWORK}.3"),
    }
    known = outputs(operator)["nodes"]
    assert [(one["name"], one["address"]) for one in known] == [
        (node.name, node.address) for node in operator.on.machines.nodes[:2]
    ]
    keys = {one["ssh_host_key"] for one in known}
    assert len(keys) == 2, "each has its own"
    assert outputs(operator)["plugins"] == [f"{DATASOURCE}@1.0"]
    for node in operator.on.machines.nodes[:2]:
        assert node.client.volumes.get("grafana-plugins").attrs["Labels"] == {"pgai.base": "true"}


def test_a_worker_that_is_added_after_the_token_was_changed_joins_and_nothing_else_is_touched(
    operator: Operator,
) -> None:
    operator.manager.swarm.update(rotate_worker_token=True)
    operator.manager.swarm.reload()
    ok(operator.clone.pulumi("up", "--yes", "--stack", "base", "--expect-no-changes"))
    before = resources(operator)
    operator.up(2)
    assert operator.tokens[0] != operator.tokens[-1]
    assert operator.nodes()[f"{MANAGER}-worker-2"] == ("worker", "ready", f"{NETWORK}.4")
    assert operator.nodes()[f"{MANAGER}-worker-1"][1] == "ready"
    after = resources(operator)
    assert {urn: after.get(urn) for urn in before} == before
    assert {urn for urn in after if "worker-2" not in urn} == set(before)


def test_another_ssh_key_takes_the_place_of_the_old_one_on_workers_too(operator: Operator, tmp_path: Path) -> None:
    public = make_key(tmp_path / "new")
    before = resources(operator)
    type_in(operator.clone, "Another SSH key", NEW_KEY=tmp_path / "new", OLD_KEY=operator.on.private_key)
    assert operator.on.admitted() == {node.name: [public] for node in operator.on.machines.nodes}
    after = resources(operator)
    made_anew = [urn for urn, (own, _) in after.items() if own != before[urn][0]]
    assert [urn.rsplit(":", 3)[1:] for urn in made_anew] == [["SshKey", "", "host-key"]]
    ok(operator.clone.pulumi("up", "--stack", "base", "--expect-no-changes"))


def by_name(operator: Operator) -> dict[str, Any]:
    return {server["name"]: server for server in operator.hetzner.state.servers.values()}


def resources(operator: Operator) -> dict[str, Any]:
    """URN → id of each resource and when it was last changed, but for the stack itself."""
    exported = json.loads(ok(operator.clone.pulumi("stack", "export", "--stack", "base")).stdout)
    return {
        row["urn"]: (row.get("id"), row["modified"])
        for row in exported["deployment"]["resources"]
        if row["type"] != "pulumi:pulumi:Stack"
    }


def test_what_runs_on_a_worker_that_goes_moves_and_the_rest_stays_as_it_is(operator: Operator) -> None:
    command = f"docker --host {operator.on.machines.nodes[0].docker_host} service create --name busy --replicas 3"
    image = BaseSettings().socket_proxy_image
    command += f" --no-resolve-image --stop-grace-period 1s --entrypoint sleep {image} 600"
    subprocess.run(command.split(), check=True, capture_output=True, timeout=120)
    assert len(places(operator)) == 3
    before = resources(operator)
    operator.up(1)
    after = resources(operator)
    assert after == {urn: row for urn, row in before.items() if "worker-2" not in urn}
    assert set(operator.nodes()) == {MANAGER, f"{MANAGER}-worker-1"}
    assert set(by_name(operator)) == set(operator.nodes())

    @retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
    def moved() -> None:
        assert len(places(operator)) == 2

    moved()
    operator.manager.services.get("busy").remove()


def places(operator: Operator) -> set[str]:
    """Nodes on which tasks of the service run; there are three."""
    tasks = [
        task["NodeID"]
        for task in operator.manager.services.get("busy").tasks({"desired-state": "running"})
        if task["Status"]["State"] == "running"
    ]
    assert len(tasks) == 3
    return set(tasks)


def test_no_token_is_in_the_state_or_in_what_was_printed(operator: Operator) -> None:
    shown = ok(operator.clone.pulumi("stack", "export", "--show-secrets", "--stack", "base")).stdout
    assert "worker-1-join" in shown
    assert _BEGINNING + "1" not in shown, "not even encrypted"
    assert _BEGINNING + "1" not in "\n".join(operator.clone.transcript)
    files = [path for path in (operator.clone.data / "pgai-preview").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert f"{_BEGINNING}1".encode() not in unpacked(path.read_bytes()), path


def test_a_manager_that_is_lost_takes_its_workers_along_and_the_end_leaves_nothing(operator: Operator) -> None:
    for node in operator.on.machines.nodes:
        operator.on.machines.stop(node)
    ok(operator.clone.pulumi("state", "delete", "--yes", GUARD, "--stack", "base"))
    destroy = ("destroy", "--yes", "--skip-preview", "--stack", "base")
    ok(operator.clone.pulumi(*destroy, "--target", "**::host-server", "--target-dependents"))
    assert not operator.hetzner.state.servers
    ok(operator.clone.pulumi(*destroy))
    assert operator.hetzner.state.empty
