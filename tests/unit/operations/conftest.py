"""A project in GitLab, for those that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from operations.machine.access import Machine
from operations.review.settings import gitlab_of
from operations.upkeep import expiry
from tests.equipment.fakes import FakeGitLab
from tests.equipment.fakes.grafana import base as base_outputs
from tests.unit.operations.agreeing import World
from tests.unit.operations.test_keeping import Host


@pytest.fixture(scope="module")
def gitlab_server() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        yield fake


@pytest.fixture
def gitlab_world(gitlab_server: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> World:
    with gitlab_server.edit() as inside:
        inside.environments.clear()
        inside.merge_requests.clear()
    gitlab = gitlab_of(gitlab_server.variables)
    assert gitlab
    assert not gitlab.note_token, "a job's own token is enough"
    host = Host(base_outputs(8443))
    monkeypatch.setattr(expiry, "machine_at", lambda engine, base: cast(Machine, host))
    return World(gitlab_server, gitlab)
