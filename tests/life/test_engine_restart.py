"""The Docker engine is restarted in mid-deploy: an orderly end, and the next deploy succeeds.

The engine has no way out, so the base has its default plugin of Grafana here, which it asks the vendor for in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import BaseSettings
from tests.equipment.checkout import Clone, ok, wait_for_line
from tests.equipment.docker import remains
from tests.equipment.previews import Ground
from tests.equipment.second_engine import SecondEngine, running_second_engine
from toolchain.local_images import give
from toolchain.recipes import RECIPES

pytestmark = pytest.mark.engine


@pytest.fixture
def second(tmp_path: Path, token: str) -> Iterator[SecondEngine]:
    give([tmp_path / "data"], RECIPES)
    with running_second_engine(tmp_path, f"{token}e") as engine:
        yield engine


def test_a_deploy_ends_in_good_order_and_the_next_one_succeeds(
    second: SecondEngine, token: str, tmp_path: Path
) -> None:
    clone = Clone.make(tmp_path, f"{token}e")
    clone.extra["DOCKER_HOST"] = second.address
    plugin = BaseSettings().grafana_plugins
    clone.configure({**clone.ports, "namePrefix": clone.prefix, "grafanaPlugins": plugin})
    assert clone.preview("setup").code == 0
    assert clone.pulumi("stack", "init", "local").code == 0
    up = clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local")
    assert up.code == 0, up.text
    assert f"comes up without Grafana's plugin {plugin}: " in " ".join(up.text.split())
    ground = Ground(clone, second.client, f"{token}e")
    branch = ground.branch("restarted")

    with clone.started("deploy", branch) as process:
        wait_for_line(process, "+ Network")
        assert process.stdout is not None
        second.restart()
        said = process.stdout.read()
        code = process.wait(180)
    assert code in (0, 1, 5), said
    assert code == 0 or "Error: " in said
    assert "Traceback" not in said
    assert "where none was expected" not in said

    ground.deploy(branch)
    ok(clone.preview("sleep", branch))
    second.restart()
    running = [one.name for one in ground.containers(branch).values() if one.status == "running"]
    assert not running, "what sleeps stays asleep"
    ok(clone.preview("wake", branch))
    ground.require_live(branch)
    assert clone.preview("destroy", branch).code == 0
    ground.require_nothing(branch)
    destroyed = clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local")
    assert destroyed.code == 0, destroyed.text
    left: Any = remains(second.client, f"{token}e")
    assert not left
