"""Killed at any moment, with everything it has started: the next deploy or destroy succeeds, and nothing is left over.

The moments are drawn from a fixed seed over the time that an undisturbed run takes, so that they fall into every phase:
before the stack exists, while resources are made, while health is waited for, and near the end.
"""

from __future__ import annotations

import random
import subprocess
import time

import pytest

from tests.life.conftest import Ground
from tests.life.test_rollback import changed_files
from tests.support.processes import kill_tree

pytestmark = pytest.mark.engine

_SEED = 20260101
_MOMENTS = 10


def moments(seed: int) -> list[float]:
    """Shares of a run, one out of each tenth of it, in random order."""
    draw = random.Random(seed)
    shares = [(tenth + draw.random()) / _MOMENTS for tenth in range(_MOMENTS)]
    draw.shuffle(shares)
    return shares


def killed_after(ground: Ground, branch: str, seconds: float) -> None:
    """Deploy, and kill the command, the engine and its plugins at once after some time."""
    with ground.clone.started("deploy", branch) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)


@pytest.fixture(scope="module")
def deploy_seconds(ground: Ground) -> float:
    """How long an undisturbed first deploy takes on this machine at the moment."""
    branch = ground.branch("undisturbed")
    seconds = ground.deploy(branch).seconds
    assert ground.clone.preview("destroy", branch).code == 0
    return seconds


@pytest.mark.parametrize(("number", "share"), list(enumerate(moments(_SEED))))
def test_a_killed_first_deploy_is_mended_by_the_next_command(
    ground: Ground, deploy_seconds: float, number: int, share: float
) -> None:
    branch = ground.branch(f"killed-{number}")
    killed_after(ground, branch, share * deploy_seconds)
    if number % 2:
        ground.deploy(branch)
    done = ground.clone.preview("destroy", branch)
    assert done.code == 0, done.text
    ground.require_nothing(branch)


class TestAKilledUpdate:
    """Of a preview that lives through all of them."""

    @pytest.fixture(scope="class")
    def live(self, ground: Ground) -> str:
        branch = ground.branch("survivor")
        ground.deploy(branch)
        return branch

    @pytest.fixture(scope="class")
    def update_seconds(self, ground: Ground, live: str) -> float:
        started = time.monotonic()
        with changed_files(ground.clone, "undisturbed"):
            ground.clone.preview("deploy", live)
        return time.monotonic() - started

    @pytest.mark.parametrize(("number", "share"), list(enumerate(moments(_SEED + 1))))
    def test_the_next_deploy_succeeds(
        self, ground: Ground, live: str, update_seconds: float, number: int, share: float
    ) -> None:
        with changed_files(ground.clone, f"killed {number}"):
            killed_after(ground, live, share * update_seconds)
        ground.deploy(live)

    def test_destroy_after_a_killed_update_leaves_nothing(
        self, ground: Ground, live: str, update_seconds: float
    ) -> None:
        with changed_files(ground.clone, "last"):
            killed_after(ground, live, update_seconds / 2)
        assert ground.clone.preview("destroy", live).code == 0
        ground.require_nothing(live)
