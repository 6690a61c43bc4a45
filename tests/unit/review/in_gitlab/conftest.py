"""A GitLab, and what happens to a preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operations.happening import Happening, Hears, all_of
from operations.review.hearers import hearers
from operations.review.settings import NOTE_TOKEN, GitLab, gitlab_of
from stacks.names import PreviewName
from tests.equipment.fakes import FakeGitLab

BRANCH = "feature/a"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
URL = "https://preview-feature-a.pgai.watch"
ENDS = "2026-12-02T10:00:00Z"


def happening(what: Any, branch: str = BRANCH, **values: Any) -> Happening:
    """Something that has happened to a preview."""
    known = {"by": "alice", "commit": COMMIT, "url": URL, "expires_at": ENDS, "machine": None}
    return Happening(what=what, name=PreviewName(branch), **{**known, **values})


class Jobs:
    """Jobs of a project in the fake GitLab.

    Attributes:
        fake: GitLab.
        said: What jobs have said of what they could not do.
        variables: The project's own variables.
    """

    def __init__(self, fake: FakeGitLab) -> None:
        self.fake = fake
        self.said: list[str] = []
        self.variables = {NOTE_TOKEN: fake.token}

    def environment(self, **more: str) -> dict[str, str]:
        """Variables of a job."""
        return {**self.fake.variables, **self.variables, **more}

    def gitlab(self, **more: str) -> GitLab:
        """The project, as such a job knows it."""
        found = gitlab_of(self.environment(**more))
        assert found
        return found

    def new(self, **more: str) -> Hears:
        """Whoever hears in a new job."""
        return all_of(hearers(gitlab_of(self.environment(**more))), self.said.append)

    def update(self, *whats: Any, **values: Any) -> None:
        """A job that updates, and what happens in it."""
        hear = self.new(CI_ENVIRONMENT_NAME="preview/feature/a", CI_ENVIRONMENT_ACTION="prepare")
        for what in whats:
            hear(happening(what, **values))


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        yield fake


@pytest.fixture
def jobs(fake: FakeGitLab) -> Jobs:
    return Jobs(fake)


@pytest.fixture
def iid(fake: FakeGitLab) -> int:
    """The branch's merge request."""
    return fake.open_merge_request(BRANCH)


@pytest.fixture
def note(fake: FakeGitLab, iid: int) -> Callable[[], str]:
    """Text of the only note."""

    def only() -> str:
        (text,) = fake.notes(iid)
        return text

    return only
