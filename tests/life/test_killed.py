"""Killed at any moment, with everything it has started: the next deploy or destroy succeeds, and nothing is left over.

The moments fall into every phase: before the stack exists, while resources are made, while health is waited for, and
near the end. A run draws few of them, ``--long`` many.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import NamedTuple

import pytest

from tests.equipment.edits import changed_files
from tests.equipment.previews import Ground
from tests.equipment.processes import kill_tree

pytestmark = pytest.mark.engine

DEPLOYS, UPDATES, DESTROYS = (2, 10), (2, 10), (2, 6)
"""How many moments of each are drawn: in a run, and with ``--long``."""


def killed_after(ground: Ground, branch: str, seconds: float, command: str = "deploy") -> None:
    """Run a command, and kill it, the engine and its plugins at once after some time."""
    with ground.clone.started(command, branch) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)


class Undisturbed(NamedTuple):
    """How many seconds each takes on this machine at the moment."""

    deploy: float
    update: float
    destroy: float


@pytest.fixture(scope="module")
def undisturbed(ground: Ground) -> Undisturbed:
    branch = ground.branch("undisturbed")
    deployed = ground.deploy(branch)
    with changed_files(ground.clone, "undisturbed"):
        updated = ground.deploy(branch)
    return Undisturbed(deployed.seconds, updated.seconds, ground.destroy(branch).seconds)


@pytest.mark.moments(*DEPLOYS)
def test_a_killed_first_deploy_is_mended_by_the_next_command(
    ground: Ground, undisturbed: Undisturbed, number: int, share: float
) -> None:
    branch = ground.branch(f"killed-{number}")
    killed_after(ground, branch, share * undisturbed.deploy)
    if number % 2:
        ground.deploy(branch)
    ground.destroy(branch)


class TestALivePreview:
    """One that lives through all of them."""

    @pytest.fixture(scope="class")
    @classmethod
    def live(cls, ground: Ground) -> str:
        branch = ground.branch("survivor")
        ground.deploy(branch)
        return branch

    @pytest.mark.moments(*UPDATES)
    def test_the_deploy_after_a_killed_update_succeeds(
        self, ground: Ground, live: str, undisturbed: Undisturbed, number: int, share: float
    ) -> None:
        with changed_files(ground.clone, f"killed {number}"):
            killed_after(ground, live, share * undisturbed.update)
        ground.deploy(live)

    def test_a_preview_whose_slot_is_gone_from_the_host_is_made_anew(self, ground: Ground, live: str) -> None:
        shutil.rmtree(ground.directory(live))
        done = ground.deploy(live)
        assert "is gone from the machine" in done.stderr
        assert " created in " in done.stderr

    def test_destroy_after_a_killed_update_leaves_nothing(
        self, ground: Ground, live: str, undisturbed: Undisturbed
    ) -> None:
        with changed_files(ground.clone, "last"):
            killed_after(ground, live, undisturbed.update / 2)
        ground.destroy(live)


@pytest.mark.moments(*DESTROYS)
def test_a_killed_destroy_is_ended_or_made_good_by_the_next_command(
    ground: Ground, undisturbed: Undisturbed, number: int, share: float
) -> None:
    branch = ground.branch(f"half-gone-{number}")
    ground.deploy(branch)
    killed_after(ground, branch, share * undisturbed.destroy, "destroy")
    if number % 2:
        ground.deploy(branch)
    ground.destroy(branch)
