"""Engines of this machine are apart although they share files, and end with all that they hold."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.paths import Paths
from stacks.settings import BaseSettings
from toolchain.local_cluster import LocalCluster
from toolchain.local_images import fill, give
from toolchain.recipes import RECIPES

pytestmark = pytest.mark.engine


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(root=tmp_path / "engines", prefix=f"t{secrets.token_hex(3)}", size=2)
    yield made
    made.down()


def test_an_image_is_unpacked_once_and_each_engine_may_remove_its_own(cluster: LocalCluster) -> None:
    image = BaseSettings().node_exporter_image
    fill(cluster, RECIPES)
    for name in ("diff/usr/bin/node_exporter", "tar-split.json.gz"):
        held = [{file.stat().st_ino for file in cluster.data(node).rglob(name)} for node in cluster.nodes]
        assert held[0] == held[1] != set()
    cluster.start_all()
    first, second = (node.client for node in cluster.nodes)
    first.images.remove(image)
    assert image not in [tag for one in first.images.list() for tag in one.tags]
    said = second.containers.run(image, ["--version"], network_mode="none", remove=True, stderr=True)
    assert b"node_exporter" in said


def test_what_was_unpacked_serves_every_cluster_until_an_image_is_another(cluster: LocalCluster) -> None:
    stores = Paths.default().cache / "unpacked-images"
    first, second = (cluster.data(node) for node in cluster.nodes)
    give([first], RECIPES)
    (store,) = [one for one in stores.iterdir() if one.is_dir()]
    made = store.stat().st_ctime_ns
    former = stores / "0123456789ab"
    former.mkdir()
    give([second], RECIPES)
    assert [one for one in stores.iterdir() if one.is_dir()] == [store]
    assert store.stat().st_ctime_ns == made


def test_an_engine_that_was_killed_leaves_nothing_behind(cluster: LocalCluster) -> None:
    killed = cluster.nodes[0]
    give([cluster.data(killed)], RECIPES)
    cluster.start_all()
    running = killed.client.containers.run(BaseSettings().node_exporter_image, network_mode="none", detach=True)
    running.reload()
    process = Path(f"/proc/{running.attrs['State']['Pid']}")
    cluster.stop(killed, signal.SIGKILL)
    assert process.exists()
    cluster.down()
    assert not process.exists()
    assert not cluster.root.exists()
    assert str(cluster.root) not in Path("/proc/self/mounts").read_text()
    assert not [*Path("/run").glob(f"{cluster.prefix}-*"), *Path("/run/netns").glob(f"{cluster.prefix}-*")]
