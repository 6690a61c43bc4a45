"""What a cluster does about trouble, and what operations say of it: one preview lives through all of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker.types import Mount, Resources, ServiceMode
from tenacity import Retrying, stop_after_delay, wait_fixed

from components.services import SERVICES, by_key
from operations.life.holders import holders
from operations.machine.local import LocalMachine
from stacks.names import page_host, slug_of, stack_of
from stacks.outputs import BaseOutputs
from tests.equipment.checkout import ok
from tests.equipment.cluster import MOVED_WITHIN_SECONDS, ClusterBase
from tests.equipment.following import require_followed_log
from tests.equipment.runbook import commands
from toolchain.local_cluster import LocalNode
from toolchain.local_images import give
from toolchain.recipes import RECIPES

pytestmark = pytest.mark.engine

ELSEWHERE = "elsewhere/grafana:1"


@pytest.fixture(scope="module")
def preview(cluster_base: ClusterBase) -> Iterator[str]:
    branch = cluster_base.branch("trouble")
    cluster_base.deploy(branch)
    yield branch
    cluster_base.destroy(branch)


@contextmanager
def availability(base: ClusterBase, node: LocalNode, word: str) -> Iterator[None]:
    """Let the Swarm place nothing more on a node, or nothing at all, while the block runs."""

    def say(now: str) -> None:
        (found,) = [
            one for one in base.manager.client.nodes.list() if one.attrs["Description"]["Hostname"] == node.name
        ]
        found.update({**found.attrs["Spec"], "Availability": now})

    say(word)
    try:
        yield
    finally:
        say("active")


def a_busy_worker(base: ClusterBase, branch: str) -> LocalNode:
    """A worker that runs services of a preview."""
    return base.node(next(node for node in base.placed(branch).values() if node != base.manager.name))


def test_no_room_is_a_refusal_that_says_what_each_node_has_and_leaves_nothing(
    cluster_base: ClusterBase, preview: str
) -> None:
    other = cluster_base.branch("other")
    # One more than all nodes have room for, so that less than this is left on each.
    replicas = round(cluster_base.manager.client.info()["NCPU"] * len(cluster_base.cluster.nodes) / 0.3) + 1
    filler = cluster_base.manager.client.services.create(
        "haproxy:3.0-alpine",
        command=["sleep", "600"],
        mode=ServiceMode("replicated", replicas=replicas),
        resources=Resources(cpu_reservation=300_000_000),
    )
    try:
        for attempt in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True):
            with attempt:
                assert any("no suitable node" in task["Status"].get("Err", "") for task in filler.tasks())
        refused = cluster_base.clone.preview("deploy", other)
    finally:
        filler.remove()
    assert refused.code == 3, refused.text
    said = " ".join(refused.stderr.split())
    assert "target needs 0.30 CPU and 512 MiB, and beside the others node-1 has 0." in said
    assert "Nothing was changed" in said
    cluster_base.require_nothing(other)


def test_an_image_that_a_node_cannot_get_ends_an_update_which_is_taken_back(
    cluster_base: ClusterBase, preview: str
) -> None:
    manager = cluster_base.manager
    assert manager.client.images.get(by_key()["grafana"].image).tag(ELSEWHERE)
    with availability(cluster_base, manager, "pause"):
        done = cluster_base.clone.preview("deploy", preview, "--image", f"grafana={ELSEWHERE}")
    assert done.code == 3, done.text
    said = " ".join(done.stderr.split())
    assert "grafana: node-" in said
    assert "cannot run it: No such image: elsewhere/grafana" in said
    assert "The last good version is running again" in said
    cluster_base.require_well(preview)


def test_a_service_on_a_worker_is_looked_into_as_one_on_the_manager(cluster_base: ClusterBase, preview: str) -> None:
    worker = a_busy_worker(cluster_base, preview)
    service = next(key for key, node in cluster_base.placed(preview).items() if node == worker.name)
    inside = ok(cluster_base.clone.preview("exec", preview, service, "--", "cat", "/etc/hostname"))
    assert inside.stdout.strip() == service
    assert ok(cluster_base.clone.preview("logs", preview, "pgwatch")).stdout.strip()
    require_followed_log(cluster_base.clone, preview, service)
    counted = cluster_base.clone.json("stats", preview, "--once", "--json")
    assert {(row["service"], row["node"]) for row in counted} == set(cluster_base.placed(preview).items())
    assert all(row["memory"] for row in counted)
    (listed,) = [row for row in cluster_base.clone.json("list", "--json") if row["branch"] == preview]
    assert listed["nodes"][service] == worker.name


def test_the_page_and_whoever_makes_room_know_what_runs_on_workers(cluster_base: ClusterBase, preview: str) -> None:
    a_busy_worker(cluster_base, preview)
    address = f"https://{cluster_base.manager.address}:{cluster_base.clone.ports['httpsPort']}/"
    page = httpx.get(address, headers={"Host": page_host("localhost")}, verify=False, timeout=30)
    assert f"{len(SERVICES)} of {len(SERVICES)} services" in page.text
    outputs = json.loads(ok(cluster_base.clone.pulumi("stack", "output", "--json", "--stack", "local")).stdout)
    base = BaseOutputs.of("local", outputs)
    assert Path(base.page_directory, "used").read_text().startswith("1 of ")
    (holder,) = holders(LocalMachine(base))
    assert (holder.branch, holder.state) == (preview, "running")


def test_the_end_of_a_preview_is_moved_and_it_is_kept_as_on_one_machine(
    cluster_base: ClusterBase, preview: str
) -> None:
    def row() -> dict[str, Any]:
        (found,) = [row for row in cluster_base.clone.json("list", "--json") if row["branch"] == preview]
        return dict(found)

    end = dt.datetime.fromisoformat(row()["expires_at"])
    ok(cluster_base.clone.preview("extend", preview, "--hours", "5"))
    assert dt.datetime.fromisoformat(row()["expires_at"]) == end + dt.timedelta(hours=5)
    ok(cluster_base.clone.preview("keep", preview))
    assert (row()["kept"], row()["expires_at"]) == ("command", "")
    ok(cluster_base.clone.preview("unkeep", preview))
    assert row()["expires_at"]


def test_a_preview_that_sleeps_runs_nowhere_and_wakes_well(cluster_base: ClusterBase, preview: str) -> None:
    ok(cluster_base.clone.preview("sleep", preview))
    assert cluster_base.copies(preview) == []
    ok(cluster_base.clone.preview("wake", preview))
    cluster_base.require_well(preview)


def test_services_of_a_worker_that_dies_run_elsewhere_without_a_command(
    cluster_base: ClusterBase, preview: str
) -> None:
    worker = a_busy_worker(cluster_base, preview)
    failed = time.monotonic()
    cluster_base.cluster.stop(worker, signal.SIGKILL)
    try:
        cluster_base.require_well(preview, without=worker, within=MOVED_WITHIN_SECONDS, since=failed)
    finally:
        cluster_base.cluster.start(worker)
    cluster_base.require_one_copy(preview)


def test_a_worker_that_was_cut_off_comes_back_without_a_second_copy(cluster_base: ClusterBase, preview: str) -> None:
    worker = a_busy_worker(cluster_base, preview)

    def link(state: str) -> None:
        subprocess.run(["ip", "-n", worker.namespace, "link", "set", worker.link, state], check=True)

    failed = time.monotonic()
    link("down")
    try:
        cluster_base.require_well(preview, without=worker, within=MOVED_WITHIN_SECONDS, since=failed)
    finally:
        link("up")
    cluster_base.require_one_copy(preview)


def test_services_of_a_worker_that_is_drained_move(cluster_base: ClusterBase, preview: str) -> None:
    worker = a_busy_worker(cluster_base, preview)
    with availability(cluster_base, worker, "drain"):
        cluster_base.require_well(preview, without=worker)


@pytest.fixture(scope="module")
def copied(cluster_base: ClusterBase, preview: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the runbook keeps of a manager; its engine was stopped for it and started again."""
    cluster, manager = cluster_base.cluster, cluster_base.manager
    copy = tmp_path_factory.mktemp("manager") / "manager.tar"
    cluster.stop(manager)
    subprocess.run(["tar", "-C", str(cluster.data(manager)), "-cf", str(copy), "swarm"], check=True)
    cluster.start(manager)
    return copy


@pytest.mark.usefixtures("copied")
def test_previews_are_well_after_the_managers_engine_was_restarted(cluster_base: ClusterBase, preview: str) -> None:
    # Up to a minute of it is Docker's: that often the workers look for a node that left their overlay networks.
    cluster_base.require_well(preview)
    cluster_base.require_seen(preview)
    # An engine that is stopped while it removes a container can lose the container's volume, for it has no name.
    cluster_base.manager.client.volumes.prune()


def test_a_manager_whose_disk_was_lost_is_brought_back_from_its_copy(
    cluster_base: ClusterBase, preview: str, copied: Path
) -> None:
    cluster, manager = cluster_base.cluster, cluster_base.manager
    disk = cluster.data(manager)
    cluster.stop(manager)
    shutil.rmtree(disk)
    give([disk], RECIPES)
    subprocess.run(["tar", "-C", str(disk), "-xf", str(copied)], check=True)
    written = commands("A lost manager of a cluster").splitlines()
    start, init, restart = written[written.index("systemctl restart ssh") + 1 :][:3]
    assert (start, restart) == ("systemctl start docker", "systemctl restart docker")
    cluster.start(manager)
    environment = {**os.environ, "DOCKER_HOST": manager.docker_host, "ADDRESS": manager.address}
    subprocess.run(init.replace("ADDRESS", "$ADDRESS"), shell=True, check=True, env=environment)
    cluster.stop(manager)
    cluster.start(manager)
    cluster_base.require_nodes()
    # As a Grafana that is placed here first has it: made by Docker, bare, and in use.
    plugins = Mount("/plugins", f"{cluster_base.clone.prefix}grafana-plugins")
    first = manager.client.containers.create("haproxy:3.0-alpine", mounts=[plugins])
    ok(cluster_base.clone.pulumi("up", "--refresh", "--yes", "--skip-preview", "--stack", "local"))
    cluster_base.require_well(preview)
    cluster_base.deploy(preview)
    cluster_base.require_seen(preview)
    cluster_base.require_one_copy(preview)
    first.remove()


def test_what_no_stack_owns_any_more_is_removed_from_all_nodes(cluster_base: ClusterBase, preview: str) -> None:
    cluster_base.pass_over_left_volumes()
    ok(cluster_base.clone.pulumi("stack", "rm", "--force", "--yes", stack_of(slug_of(preview))))
    listed = cluster_base.clone.json("reap", "--dry-run", "--json")["orphans"]
    assert {row["slug"] for row in listed} == {slug_of(preview)}
    assert {row["kind"] for row in listed} == {"service", "network", "secret", "config", "slot"}
    removed = cluster_base.clone.json("reap", "--orphans", "--json")["orphans"]
    assert {row["result"] for row in removed} == {"removed"}, removed
    cluster_base.require_nothing(preview)
