"""A container that will not come up ends the deploy's wait at once, and is named with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.equipment.checkout import Finished, ok
from tests.equipment.docker import built_image, service_ids
from tests.equipment.previews import Ground

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def eater(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image whose program takes memory without end."""
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo hungry; exec tail /dev/zero"]\n'
    with built_image(ground.engine, tmp_path_factory.mktemp("eater"), f"{ground.token}/eater:1", dockerfile) as tag:
        yield tag


@pytest.fixture(scope="module")
def quitter(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image whose program ends soon."""
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo nothing to do here; exit 3"]\n'
    with built_image(ground.engine, tmp_path_factory.mktemp("quit"), f"{ground.token}/quit:1", dockerfile) as tag:
        yield tag


def _said(done: Finished) -> str:
    assert done.code == 5, done.text
    assert "Traceback" not in done.text
    return " ".join(done.stderr.split())


def test_a_first_deploy_ends_when_a_container_is_killed_for_memory(ground: Ground, eater: str) -> None:
    branch = ground.branch("hungry")
    done = ground.clone.preview("deploy", branch, "--image", f"backend={eater}")
    said = _said(done)
    assert "did not come up: backend: killed: out of memory (128 MiB)." in said
    assert "Everything that was made has been removed again." in said
    assert "hungry" in done.stderr, "its last lines"
    ground.require_nothing(branch)


def test_an_update_ends_when_a_container_ends_again_and_again(ground: Ground, quitter: str) -> None:
    branch = ground.branch("quitting")
    ground.deploy(branch)
    before = service_ids(ground.engine, branch)
    done = ground.clone.preview("deploy", branch, "--image", f"pgwatch={quitter}")
    said = _said(done)
    assert "did not come up: pgwatch: ended with exit code 3, 3 times: nothing to do here." in said
    assert "The last good version is running again." in said
    assert re.search(r"last lines of preview-\S+-pgwatch", said)
    ground.require_live(branch)
    after = service_ids(ground.engine, branch)
    assert {service for service in after if after[service] != before[service]} == {"pgwatch"}
    ok(ground.clone.preview("destroy", branch))
