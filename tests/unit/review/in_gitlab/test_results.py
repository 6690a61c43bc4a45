"""What verify found and pictures of dashboards, in the note."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.review.results import pictures, verified
from operations.verify.checks import Check
from operations.verify.comparison import Pair
from tests.unit.review.in_gitlab.conftest import BRANCH, COMMIT, URL, Jobs

Note = Callable[[], str]
GOOD = Check(name="the name resolves", ok=True, detail="127.0.0.1")
BAD = Check(name="every panel has data", ok=False, detail="`Locks` is empty @all")
UNKNOWN = Check(name="pictures", ok=None, detail="no browser")


def test_the_result_of_verify_stands_in_the_note_with_its_commit_and_job(jobs: Jobs, note: Note) -> None:
    jobs.update("live")
    verified(jobs.gitlab(), BRANCH, URL, COMMIT, [GOOD, GOOD, UNKNOWN])
    assert "🟢 Preview: live" in note()
    job = f"{jobs.fake.server}/group/previews/-/jobs/1"
    assert "✅ **Verified:** 2 of 3 checks passed, as of [`01234567`]" in note()
    assert f"([job]({job}))" in note()


def test_a_result_outlives_what_happens_next_marked_as_of_which_commit(jobs: Jobs, note: Note) -> None:
    jobs.update("live")
    verified(jobs.gitlab(), BRANCH, URL, COMMIT, [GOOD, BAD])
    assert "not the commit that runs now" not in note()
    jobs.update("deploying", "live", commit="f" * 40)
    assert "❌ **Verified:** 1 of 2 checks passed, as of [`01234567`]" in note()
    assert ", which is not the commit that runs now" in note()
    assert "- ``every panel has data: `Locks` is empty @all``" in note()


def test_a_result_makes_a_note_where_there_is_none(jobs: Jobs, note: Note) -> None:
    verified(jobs.gitlab(), BRANCH, URL, COMMIT, [GOOD])
    assert "🟢 Preview: live" in note()
    assert "1 of 1 checks passed" in note()


def test_pictures_are_uploaded_and_linked_side_by_side_and_the_next_ones_take_their_place(
    jobs: Jobs, note: Note, tmp_path: Path
) -> None:
    for name in ("before.png", "after.png"):
        (tmp_path / name).write_bytes(name.encode())
    jobs.update("live")
    first, second = tmp_path / "before.png", tmp_path / "after.png"
    words = ("panel Bloat is new",)
    both = Pair(uid="t", title="Tables", state="different", before=first, after=second, words=words)
    new = Pair(uid="l", title="Locks", state="new", before=None, after=second)
    pictures(jobs.gitlab(), BRANCH, URL, COMMIT, [both, new])
    with jobs.fake.edit() as state:
        kept = {content: url for url, content in state.uploads.items()}
        urls = list(state.uploads)
    before = kept[b"before.png"]
    shown = f"![before]({before}){{width=45%}} ![after]({urls[1]}){{width=45%}}"
    assert f"`Tables` – `different: panel Bloat is new`\n\n{shown}" in note()
    assert f"`Locks` – `new`\n\n![after]({urls[2]}){{width=45%}}" in note()
    pictures(jobs.gitlab(), BRANCH, URL, COMMIT, [new])
    assert "Tables" not in note()


def test_without_a_token_that_may_write_a_result_is_refused_in_a_sentence(jobs: Jobs, iid: int) -> None:
    jobs.variables = {}
    with pytest.raises(OperationError, match="PREVIEW_GITLAB_TOKEN is not set"):
        verified(jobs.gitlab(), BRANCH, URL, COMMIT, [GOOD])
    with pytest.raises(OperationError, match="PREVIEW_GITLAB_TOKEN is not set"):
        pictures(jobs.gitlab(), BRANCH, URL, COMMIT, [])
    assert not jobs.fake.notes(iid)
