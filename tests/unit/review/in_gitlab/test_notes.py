"""The note in the merge request: one, up to date, whoever else writes there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from operations.happening import Hears
from tests.unit.review.in_gitlab.conftest import BRANCH, COMMIT, URL, Jobs, happening

Note = Callable[[], str]


def test_a_note_says_state_address_commit_who_and_end_and_is_updated_in_place(jobs: Jobs, note: Note) -> None:
    jobs.update("deploying")
    assert "🔵 Preview: deploying" in note()
    jobs.update("live")
    text = note()
    assert "🟢 Preview: live" in text
    assert f"[`preview-feature-a.pgai.watch`]({URL}/?from=now-30m&to=now)" in text
    assert f"[`01234567`]({jobs.fake.server}/group/previews/-/commit/{COMMIT})" in text
    assert "**By:** `alice`" in text
    assert "**Ends:** 2026-12-02 10:00 UTC" in text
    assert not jobs.said


def test_a_note_says_how_many_slots_are_in_use_where_the_machine_knows(jobs: Jobs, note: Note) -> None:
    machine = SimpleNamespace(base=SimpleNamespace(page_directory="/page"), run=lambda *_: "2 of 2\n")
    jobs.update("live", machine=machine)
    assert "- **Slots:** `2 of 2` in use" in note()
    jobs.update("asleep")
    assert "Slots" not in note(), "nobody knows any more"


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("failed", "🔴 Preview: the deploy failed"),
        ("rolled back", "🟠 Preview: the update failed, the version before it runs"),
        ("broken", "🔴 Preview: the update failed, the version before it could not be put back"),
        ("asleep", "💤 Preview: asleep"),
        ("gone", "⚪ Preview: gone"),
    ],
)
def test_every_state_has_its_title_and_its_reason(jobs: Jobs, note: Note, what: str, title: str) -> None:
    jobs.update("live")
    jobs.update(what, why="somebody tripped")
    assert title in note()
    assert "**Why:** `somebody tripped`" in note()
    assert ("preview-feature-a.pgai.watch`]" in note()) == (what in ("rolled back", "broken", "asleep"))


def test_after_a_rollback_the_note_names_the_commit_that_failed_and_the_one_that_runs(jobs: Jobs, note: Note) -> None:
    jobs.update("deploying", "live")
    jobs.update("deploying", "rolled back", commit="f" * 40, why="it broke")
    assert "**Commit that failed:** [`ffffffff`]" in note()
    assert "**Commit:** [`01234567`]" in note()


def test_extending_and_keeping_change_the_end_and_not_the_state(jobs: Jobs, note: Note) -> None:
    jobs.update("live")
    jobs.update("extended", expires_at="2026-12-24T10:00:00Z", commit="")
    assert "🟢 Preview: live" in note()
    assert "2026-12-24 10:00 UTC" in note()
    assert "(extended)" in note()
    jobs.update("kept", expires_at="", commit="")
    assert "**Ends:** when somebody ends it" in note()
    jobs.update("kept", commit="")
    assert "(no longer kept)" in note()
    assert "2026-12-02 10:00 UTC" in note()
    jobs.update("asleep")
    jobs.update("ends soon", commit="")
    assert "💤 Preview: asleep" in note()
    assert "(ends soon)" in note()
    assert f"[`01234567`]({jobs.fake.server}/group/previews/-/commit/{COMMIT})" in note()


def test_last_words_of_a_container_are_folded_away_and_gone_with_the_next_state(jobs: Jobs, note: Note) -> None:
    jobs.update("failed", logs={"preview-a-grafana": "starting\ncannot start", "other": ""})
    assert (
        "<details><summary>Last words of <code>preview-a-grafana</code></summary>\n\n"
        "```text\n| starting\n| cannot start\n```\n\n</details>"
    ) in note()
    assert "| (nothing)" in note()
    jobs.update("deploying")
    assert "Last words" not in note()


def test_a_note_that_a_person_deleted_is_made_again(jobs: Jobs, note: Note) -> None:
    jobs.update("deploying")
    with jobs.fake.edit() as state:
        state.notes.clear()
    jobs.update("live")
    assert "🟢 Preview: live" in note()


def test_two_notes_that_two_jobs_left_become_the_older_one(jobs: Jobs, note: Note, iid: int) -> None:
    jobs.update("deploying")
    first = note()
    jobs.fake.comment(iid, first, jobs.fake.bot)
    jobs.fake.comment(iid, first, jobs.fake.bot)
    with jobs.fake.edit() as state:
        oldest = min(state.notes)
    jobs.update("live")
    assert "🟢 Preview: live" in note()
    with jobs.fake.edit() as state:
        assert list(state.notes) == [oldest]


def test_what_people_quote_of_a_note_is_theirs(jobs: Jobs, note: Note, iid: int) -> None:
    jobs.update("deploying")
    quoted = note()
    jobs.fake.comment(iid, quoted)
    jobs.update("live")
    live, theirs = jobs.fake.notes(iid)
    assert "🟢 Preview: live" in live
    assert theirs == quoted


def test_a_note_whose_hidden_part_somebody_broke_is_written_anew(jobs: Jobs, note: Note) -> None:
    jobs.update("live")
    with jobs.fake.edit() as state:
        (only,) = state.notes.values()
        only["body"] = only["body"].replace('"state":"live"', '"state":7')
    jobs.update("asleep")
    assert "💤 Preview: asleep" in note()


def test_the_note_is_found_among_more_notes_than_a_page_holds(jobs: Jobs, iid: int) -> None:
    for number in range(120):
        jobs.fake.comment(iid, f"{number}")
    jobs.update("deploying")
    jobs.update("live")
    assert len(jobs.fake.notes(iid)) == 121


def test_each_open_merge_request_of_the_branch_has_a_note_and_no_other_has(jobs: Jobs, iid: int) -> None:
    second = jobs.fake.open_merge_request(BRANCH)
    others = [
        jobs.fake.open_merge_request("feature/b"),
        jobs.fake.open_merge_request(BRANCH, source_project=16),
        jobs.fake.open_merge_request(BRANCH, state="merged"),
    ]
    jobs.update("live")
    jobs.update("gone")
    assert [len(jobs.fake.notes(one)) for one in (iid, second, *others)] == [1, 1, 0, 0, 0]
    assert not jobs.said


def test_the_end_of_a_preview_is_said_in_the_merge_request_that_was_merged(jobs: Jobs, iid: int, note: Note) -> None:
    jobs.update("live")
    with jobs.fake.edit() as state:
        state.merge_requests[iid]["state"] = "merged"
    jobs.update("live", commit="f" * 40)
    assert "[`01234567`]" in note(), "nobody reviews it any more"
    jobs.update("gone", why="branch is gone")
    assert "⚪ Preview: gone" in note()
    assert "**Why:** `branch is gone`" in note()


def test_previews_of_two_bases_have_notes_of_their_own(jobs: Jobs, iid: int) -> None:
    jobs.update("live")
    jobs.update("live", url="https://preview-feature-a.localhost:8443")
    jobs.update("gone")
    first, second = jobs.fake.notes(iid)
    assert "⚪ Preview: gone" in first
    assert "🟢 Preview: live" in second


def test_a_branch_without_a_merge_request_is_nothing_to_speak_of(jobs: Jobs) -> None:
    jobs.update("deploying", "live")
    assert not jobs.said
    assert not [one for one in jobs.fake.requests if one.path.endswith("/notes")]


def test_without_a_token_that_may_write_there_is_no_note_and_that_is_said_once(jobs: Jobs, iid: int) -> None:
    jobs.variables = {}
    jobs.update("deploying", "live")
    assert not jobs.fake.notes(iid)
    (said,) = jobs.said
    assert "PREVIEW_GITLAB_TOKEN is not set" in said


def test_outside_gitlab_nothing_happens_and_nothing_is_said(jobs: Jobs) -> None:
    for missing in ("CI_PROJECT_ID", "CI_JOB_TOKEN"):
        jobs.variables = {missing: ""}
        hear: Hears = jobs.new()
        hear(happening("live"))
    jobs.variables = {"CI_API_V4_URL": "", "CI_SERVER_URL": ""}
    jobs.new()(happening("live"))
    assert not jobs.said
    assert not jobs.fake.requests
