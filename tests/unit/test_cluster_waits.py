"""What tests of a cluster wait for is well in time, or the test fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.cluster import ClusterBase
from toolchain.local_cluster import LocalCluster


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterBase:
    """All is well when it is looked at for the second time, a second after the first."""
    looks: list[str] = []

    def look(_base: ClusterBase, branch: str, _without: object) -> None:
        looks.append(branch)
        assert len(looks) > 1

    monkeypatch.setattr(ClusterBase, "_all_well", look)
    cluster = LocalCluster(root=tmp_path, prefix="x", size=1)
    return ClusterBase(Clone(path=tmp_path, data=tmp_path, ports={}, prefix=""), cluster, "x")


def test_what_is_well_in_time_passes(base: ClusterBase) -> None:
    base.require_well("a", within=60)


def test_what_is_well_only_after_its_time_fails(base: ClusterBase) -> None:
    with pytest.raises(AssertionError, match="after 1 s, not within 0 s"):
        base.require_well("a", within=0.4)


def test_the_time_runs_from_the_failure_and_not_from_the_first_look(base: ClusterBase) -> None:
    with pytest.raises(AssertionError):
        base.require_well("a", within=60, since=time.monotonic() - 61)
