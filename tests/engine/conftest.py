"""A local base with two previews on it, made by the commands that a newcomer types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.world import World
from tests.equipment.checkout import ok
from tests.equipment.local_base import LocalBase


@pytest.fixture(scope="package")
def world(local_base: LocalBase, token: str) -> Iterator[World]:
    # Beside the two that live through all tests, there is room for those that a test makes.
    with local_base.clone("engine", calm=False, maxPreviews=4) as clone:
        first, second = f"feature/{token}-first", f"feature/{token}-second"
        configured = (clone.path / "Pulumi.local.yaml").read_bytes()
        demo = ok(clone.preview("demo", "--branch", first))
        kept = (clone.path / "Pulumi.local.yaml").read_bytes() == configured
        # It was shown under its whole load. For what follows two of those would take a third of the machine.
        clone.calm_down()
        ok(clone.preview("deploy", first))
        commit = "0123abcd"
        ok(clone.preview("deploy", second, "--commit", commit))
        yield World(clone, first, second, commit, kept, demo)
