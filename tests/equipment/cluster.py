"""Three Docker engines that form a Swarm, a local base on them, and a clone of its user."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenacity import retry, stop_after_delay, wait_fixed

from components.cluster_names import stem_of
from components.services import SERVICES
from stacks.names import slug_of
from tests.equipment.checkout import ARTIFACTS, Clone, Finished, ok
from tests.equipment.local_base import bring_up
from toolchain.local_cluster import LocalCluster, LocalNode
from toolchain.local_images import fill
from toolchain.recipes import RECIPES

SIZE = 3
MOVED_WITHIN_SECONDS = 90
"""Within so many seconds of a node's failure its previews are well elsewhere."""


@dataclass(frozen=True)
class ClusterBase:
    """A base on a cluster, and what is on it.

    Attributes:
        clone: The user's clone.
        cluster: The engines.
        token: In the name of every branch that is deployed.
        left_by_engines: Volumes that Docker itself has left; see :meth:`pass_over_left_volumes`.
    """

    clone: Clone
    cluster: LocalCluster
    token: str
    left_by_engines: set[str] = field(default_factory=set)

    @property
    def manager(self) -> LocalNode:
        """The first node."""
        return self.cluster.nodes[0]

    def node(self, name: str) -> LocalNode:
        """A node by its host name."""
        (found,) = [node for node in self.cluster.nodes if node.name == name]
        return found

    def branch(self, name: str) -> str:
        """A branch of this run."""
        return f"{self.token}/{name}"

    def deploy(self, branch: str, *args: str) -> Finished:
        """Deploy, and be sure that it is well."""
        done = ok(self.clone.preview("deploy", branch, *args))
        assert self.clone.json("status", branch, "--json")["health"] == f"{len(SERVICES)}/{len(SERVICES)} healthy"
        return done

    def destroy(self, branch: str) -> None:
        """Destroy, and be sure that nothing is left on any node."""
        ok(self.clone.preview("destroy", branch))
        self.require_nothing(branch)

    def placed(self, branch: str) -> dict[str, str]:
        """Service → node, of those that are well."""
        rows = self.clone.json("status", branch, "--json")["containers"]
        return {
            row["service"]: row["node"] for row in rows if row["status"] == "running" and row["health"] != "starting"
        }

    def require_well(
        self, branch: str, without: LocalNode | None = None, *, within: float = 180, since: float | None = None
    ) -> None:
        """All services are well, none of them on a node that is away; waited for without a command that mends.

        Args:
            branch: Whose.
            without: The node that is away.
            within: Seconds that it may take.
            since: From when, on the monotonic clock; None: from now.
        """
        began = time.monotonic() if since is None else since
        wait = retry(stop=stop_after_delay(began + within - time.monotonic()), wait=wait_fixed(1), reraise=True)
        wait(self._all_well)(branch, without)
        took = time.monotonic() - began
        assert took <= within, f"all were well after {took:.0f} s, not within {within:.0f} s"

    def _all_well(self, branch: str, without: LocalNode | None) -> None:
        # First: asking the engines takes a hundredth of the processor time that the command takes.
        nodes = [node for node in self.cluster.nodes if not (without and node.name == without.name)]
        found = {service for service, _ in self.copies(branch, nodes, health=["healthy", "none"])}
        assert found == {service.key for service in SERVICES}, found
        row = self.clone.json("status", branch, "--json")
        assert row["health"] == f"{len(SERVICES)}/{len(SERVICES)} healthy", row
        assert without is None or without.name not in row["nodes"].values(), row

    @retry(stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
    def require_one_copy(self, branch: str) -> None:
        """One container of each service runs, wherever."""
        found = self.copies(branch)
        assert sorted(service for service, _ in found) == sorted(service.key for service in SERVICES), found

    @retry(stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True)
    def require_seen(self, branch: str) -> None:
        """Grafana answers a viewer."""
        assert "✓  anyone may look" in self.clone.preview("verify", branch, "--minutes", "1").stdout

    @retry(stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
    def require_nodes(self) -> None:
        """All nodes are ready, as the runbook has an operator see before the next step."""
        states = [one.attrs["Status"]["State"] for one in self.manager.client.nodes.list()]
        assert states == ["ready"] * len(self.cluster.nodes), states

    def copies(
        self, branch: str, nodes: Sequence[LocalNode] | None = None, **filters: list[str]
    ) -> list[tuple[str, str]]:
        """Service and node of each container that runs, as the nodes' engines say themselves.

        Args:
            branch: Whose.
            nodes: The nodes that are asked; None: all.
            filters: What else a container has to be, as Docker's list takes it.
        """
        return sorted(
            (container.labels["pgai.preview.service"], node.name)
            for node in (self.cluster.nodes if nodes is None else nodes)
            if node.process
            for container in node.client.containers.list(
                ignore_removed=True, filters={"label": f"pgai.preview.slug={slug_of(branch)}", **filters}
            )
        )

    def pass_over_left_volumes(self) -> None:
        """Take what has no container by now for Docker's own: an engine that stops may leave a container's volume.

        A container that runs has its volume, so what a command leaves from now on is found.
        """
        self.left_by_engines.update(name for _, name in self._left_volumes())

    def _left_volumes(self) -> list[tuple[str, str]]:
        """Node and name of each volume without a container."""
        return [
            (node.name, volume.name)
            for node in self.cluster.nodes
            for volume in node.client.volumes.list(filters={"dangling": True})
            if volume.name not in self.left_by_engines
        ]

    def remains(self, branch: str) -> list[str]:
        """What the Swarm and its nodes hold for a preview."""
        stem, client = stem_of(slug_of(branch)), self.manager.client
        held = [
            *client.services.list(filters={"name": stem}),
            *client.networks.list(names=[stem]),
            *client.secrets.list(filters={"name": stem}),
            *client.configs.list(filters={"name": stem}),
        ]
        return [
            *(one.name for one in held),
            *(
                f"{container.name} on {node.name}"
                for node in self.cluster.nodes
                for container in node.client.containers.list(all=True, ignore_removed=True, filters={"name": stem})
            ),
            *(f"{volume} on {node}" for node, volume in self._left_volumes()),
        ]

    @retry(stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True)
    def require_nothing(self, branch: str) -> None:
        """Nothing of a preview is left on any node, nor a volume without a container; workers hear of it later."""
        left = self.remains(branch)
        assert not left, left
        assert not (self.clone.data / "pgai-preview/host/previews" / slug_of(branch)).exists()


@contextmanager
def running_cluster(root: Path, token: str) -> Iterator[LocalCluster]:
    """Three engines with all images, gone afterwards with all that they hold.

    Args:
        root: Directory for their data.
        token: In the name of everything that is made.
    """
    cluster = LocalCluster(root=root, prefix=token, size=SIZE)
    try:
        fill(cluster, RECIPES)
        cluster.up()
        yield cluster
    finally:
        cluster.down()


@contextmanager
def standing_cluster_base(
    cluster: LocalCluster, root: Path, token: str, *, calm: bool = True, **values: object
) -> Iterator[ClusterBase]:
    """A local base on a cluster; it is gone afterwards with all previews.

    Args:
        cluster: The engines.
        root: Directory for files.
        token: In the name of everything that is made.
        calm: Whether the workload of previews leaves the processors to the tests.
        values: Further configuration of the base.
    """
    clone = Clone.make(root, token, calm=calm)
    manager = cluster.nodes[0]
    clone.configure(
        {
            **clone.ports,
            "namePrefix": clone.prefix,
            "nodes": " ".join(f"{node.name}={node.docker_host}" for node in cluster.nodes),
            "bindAddress": manager.address,
            **values,
        }
    )
    try:
        bring_up(clone)
        yield ClusterBase(clone, cluster, token)
    finally:
        for row in clone.json("list", "--json"):
            clone.preview("destroy", row["branch"] or row["slug"])
        clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local")
        ARTIFACTS.mkdir(exist_ok=True)
        (ARTIFACTS / "transcript-cluster.txt").write_text("\n".join(clone.transcript), encoding="utf-8")
