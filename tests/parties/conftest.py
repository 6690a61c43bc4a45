"""One base, one preview, and two parties: each has a checkout and a data directory of its own, on one backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.names import slug_of, stack_of
from tests.equipment.checkout import Clone
from tests.equipment.local_base import LocalBase, bring_up
from tests.equipment.previews import Ground
from tests.parties.stage import Stage


@pytest.fixture(scope="package")
def ours(local_base: LocalBase, token: str, engine: Any) -> Iterator[Ground]:
    """The party whose machine has the base."""
    with local_base.clone("parties", maxPreviews=2) as clone:
        bring_up(clone)
        yield Ground(clone, engine, f"{token}p")


@pytest.fixture(scope="package")
def theirs(ours: Ground, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The other one, which shares nothing but the backend, its passphrase and the machine of the base."""
    root: Path = tmp_path_factory.mktemp("theirs")
    clone = ours.clone.another(root, maxPreviews=2)
    data = ours.clone.data / "pgai-preview"
    clone.data = root / "data"
    clone.extra.update(
        PULUMI_BACKEND_URL=f"file://{data / 'state'}", PULUMI_CONFIG_PASSPHRASE_FILE=str(data / "passphrase")
    )
    return clone


@pytest.fixture(scope="package")
def stage(ours: Ground, theirs: Clone) -> Iterator[Stage]:
    """Both parties, and a branch for whose preview they meet."""
    branch, other = ours.branch("one"), f"{ours.token}_one"
    assert slug_of(branch) == slug_of(other)
    yield Stage(ours, theirs, branch, other, stack_of(slug_of(branch)), {})
    ours.clone.preview("destroy", branch)
