"""A preview whose Grafana weighs what the original does: well by its deadline and within its memory, also at a wake."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.services import GRAFANA
from tests.equipment.checkout import ok
from tests.equipment.docker import built_image
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine

MIB = 190
WEIGHT = f"FROM {GRAFANA.image}\nENV STANDIN_START_CPU_SECONDS=7.5 STANDIN_START_MIB={MIB}\n"


def require_within_limits(ground: Ground, branch: str) -> None:
    """Grafana was never killed, carries its weight, and has its own share of processors again."""
    grafana = ground.containers(branch)["grafana"]
    assert (grafana.attrs["RestartCount"], grafana.attrs["State"]["OOMKilled"]) == (0, False)
    limits = grafana.attrs["HostConfig"]
    assert (limits["Memory"], limits["NanoCpus"]) == (GRAFANA.memory_mib << 20, round(float(GRAFANA.cpus) * 1e9))
    # The original has a weight of its own.
    if "pgai.stand-in" in grafana.labels:
        assert grafana.stats(stream=False)["memory_stats"]["usage"] > MIB << 20


def test_a_grafana_of_the_originals_weight_is_well_after_a_deploy_and_after_a_wake(
    ground: Ground, tmp_path: Path
) -> None:
    branch = ground.branch("heavy")
    with built_image(ground.engine, tmp_path, f"{ground.token}/heavy:1", WEIGHT) as heavy:
        try:
            # Either fails where Grafana is not healthy by its deadline.
            ground.deploy(branch, "--image", f"grafana={heavy}")
            require_within_limits(ground, branch)
            ok(ground.clone.preview("sleep", branch))
            ok(ground.clone.preview("wake", branch))
            ground.require_live(branch)
            require_within_limits(ground, branch)
        finally:
            ground.destroy(branch)
