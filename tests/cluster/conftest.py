"""One cluster with a base for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.equipment.cluster import ClusterBase, running_cluster, standing_cluster_base
from tests.equipment.plugin_archives import archive_of_datasource


@pytest.fixture(scope="package")
def cluster_base(tmp_path_factory: pytest.TempPathFactory, token: str) -> Iterator[ClusterBase]:
    root = tmp_path_factory.mktemp("cluster")
    with (
        running_cluster(root / "engines", token) as cluster,
        standing_cluster_base(cluster, root / "user", token, grafanaPlugins=archive_of_datasource(root)) as base,
    ):
        yield base
