"""Killed at any moment, with everything it has started: the next deploy or destroy succeeds, and nothing is left over.

The moments fall into every phase: before the stack exists, while resources are made, while health is waited for, and
near the end. A run draws few of them, ``--long`` many.
"""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from tests.equipment.edits import changed_files
from tests.equipment.moments import killed_after, until_hit
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine

DEPLOYS, UPDATES, DESTROYS = (2, 10), (2, 10), (2, 6)
"""How many moments of each are drawn: in a run, and with ``--long``."""


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
    until_hit(
        lambda seconds: killed_after(ground.clone, seconds, "deploy", branch),
        share * undisturbed.deploy,
        again=lambda: ground.destroy(branch),
    )
    if number % 2:
        ground.deploy(branch)
    ground.destroy(branch)


def killed_update(ground: Ground, branch: str, seconds: float, text: str) -> None:
    """Kill an update after some time that replaces containers."""

    def strike(seconds: float) -> bool:
        with changed_files(ground.clone, text):
            return killed_after(ground.clone, seconds, "deploy", branch)

    until_hit(strike, seconds, again=lambda: ground.deploy(branch))


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
        killed_update(ground, live, share * undisturbed.update, f"killed {number}")
        ground.deploy(live)

    def test_a_preview_whose_slot_is_gone_from_the_host_is_made_anew(self, ground: Ground, live: str) -> None:
        shutil.rmtree(ground.directory(live))
        done = ground.deploy(live)
        assert "is gone from the machine" in done.stderr
        assert " created in " in done.stderr

    def test_destroy_after_a_killed_update_leaves_nothing(
        self, ground: Ground, live: str, undisturbed: Undisturbed
    ) -> None:
        killed_update(ground, live, undisturbed.update / 2, "last")
        ground.destroy(live)


@pytest.mark.moments(*DESTROYS)
def test_a_killed_destroy_is_ended_or_made_good_by_the_next_command(
    ground: Ground, undisturbed: Undisturbed, number: int, share: float
) -> None:
    branch = ground.branch(f"half-gone-{number}")
    ground.deploy(branch)
    until_hit(
        lambda seconds: killed_after(ground.clone, seconds, "destroy", branch),
        share * undisturbed.destroy,
        again=lambda: ground.deploy(branch),
    )
    if number % 2:
        ground.deploy(branch)
    ground.destroy(branch)
