"""A local base with two slots, and no preview on it: each test makes its own and takes it away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.equipment.local_base import LocalBase, bring_up
from tests.equipment.previews import Ground


@pytest.fixture(scope="package")
def ground(local_base: LocalBase, token: str, engine: Any) -> Iterator[Ground]:
    with local_base.clone("life", maxPreviews=2) as clone:
        bring_up(clone)
        yield Ground(clone, engine, f"{token}l")


@pytest.fixture
def gone_afterwards(ground: Ground) -> Iterator[Callable[[str], str]]:
    """Gives branches whose previews are destroyed after the test; nothing of them may be left then."""
    branches: list[str] = []

    def branch(name: str) -> str:
        branches.append(ground.branch(name))
        return branches[-1]

    yield branch
    # All of them first: what one leaves behind must not take the slots of the tests that follow.
    done = [ground.clone.preview("destroy", one) for one in branches]
    for one, ended in zip(branches, done, strict=True):
        assert ended.code == 0, ended.text
        ground.require_nothing(one)
