"""A container that will not come up ends the deploy's wait at once, and is named with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.equipment.docker import built_image
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def eater(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image whose program takes memory without end."""
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo hungry; exec tail /dev/zero"]\n'
    with built_image(ground.engine, tmp_path_factory.mktemp("eater"), f"{ground.token}/eater:1", dockerfile) as tag:
        yield tag


def test_a_first_deploy_ends_when_a_container_is_killed_for_memory(ground: Ground, eater: str) -> None:
    branch = ground.branch("hungry")
    done = ground.clone.preview("deploy", branch, "--image", f"backend={eater}")
    assert done.code == 5, done.text
    assert "Traceback" not in done.text
    said = " ".join(done.stderr.split())
    assert "did not come up: backend: killed: out of memory (128 MiB)." in said
    assert "Everything that was made has been removed again." in said
    assert "hungry" in done.stderr, "its last lines"
    ground.require_nothing(branch)
