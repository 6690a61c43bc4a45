"""Engines of this machine end with all that they hold, whatever has become of them."""

from __future__ import annotations

import secrets
import signal
from pathlib import Path

import pytest

from toolchain.local_cluster import LocalCluster

pytestmark = pytest.mark.engine


def test_an_engine_that_was_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    cluster = LocalCluster(root=tmp_path / "engines", prefix=f"t{secrets.token_hex(3)}", size=2)
    try:
        cluster.start_all()
        cluster.stop(cluster.nodes[0], signal.SIGKILL)
    finally:
        cluster.down()
    assert not cluster.root.exists()
    assert str(cluster.root) not in Path("/proc/self/mounts").read_text()
    assert not [*Path("/run").glob(f"{cluster.prefix}-*"), *Path("/run/netns").glob(f"{cluster.prefix}-*")]
