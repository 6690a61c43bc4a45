"""Killed at any moment, with everything it has started: the next deploy or destroy succeeds, and nothing is left over.

The moments are drawn from a fixed seed over the time that an undisturbed run takes, so that they fall into every phase:
before the stack exists, while resources are made, while health is waited for, and near the end.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time

import pytest

from tests.equipment.processes import kill_tree
from tests.life.conftest import Ground
from tests.life.test_rollback import changed_files

pytestmark = pytest.mark.engine

_SEED = 20260101
_MOMENTS = 10


def moments(seed: int) -> list[float]:
    """Shares of a run, one out of each tenth of it, in random order."""
    draw = random.Random(seed)
    shares = [(tenth + draw.random()) / _MOMENTS for tenth in range(_MOMENTS)]
    draw.shuffle(shares)
    return shares


def killed_after(ground: Ground, branch: str, seconds: float, command: str = "deploy") -> None:
    """Run a command, and kill it, the engine and its plugins at once after some time."""
    with ground.clone.started(command, branch) as process:
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
    @classmethod
    def live(cls, ground: Ground) -> str:
        branch = ground.branch("survivor")
        ground.deploy(branch)
        return branch

    @pytest.fixture(scope="class")
    @classmethod
    def update_seconds(cls, ground: Ground, live: str) -> float:
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


@pytest.fixture(scope="module")
def destroy_seconds(ground: Ground) -> float:
    """How long an undisturbed destroy takes on this machine at the moment."""
    branch = ground.branch("undisturbed")
    ground.deploy(branch)
    return ground.clone.preview("destroy", branch).seconds


@pytest.mark.parametrize(("number", "share"), list(enumerate(moments(_SEED + 2)[:6])))
def test_a_killed_destroy_is_ended_or_made_good_by_the_next_command(
    ground: Ground, destroy_seconds: float, number: int, share: float
) -> None:
    branch = ground.branch(f"half-gone-{number}")
    ground.deploy(branch)
    killed_after(ground, branch, share * destroy_seconds, "destroy")
    if number % 2:
        ground.deploy(branch)
    done = ground.clone.preview("destroy", branch)
    assert done.code == 0, done.text
    ground.require_nothing(branch)


def test_a_preview_whose_place_is_gone_from_the_host_is_made_anew(ground: Ground) -> None:
    branch = ground.branch("lost-place")
    ground.deploy(branch)
    shutil.rmtree(ground.directory(branch))
    done = ground.deploy(branch)
    assert "is gone from the host" in done.stderr
    assert " created in " in done.stderr
    assert ground.clone.preview("destroy", branch).code == 0
    ground.require_nothing(branch)
