"""Previews and what GitLab shows of them are made to agree by the clean-up; the fake GitLab is a real server."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from operations.engine.snapshot import Snapshot
from operations.errors import OperationError
from operations.happening import Happening
from operations.upkeep.gitlab import stops_environment
from operations.upkeep.settled import Settled
from stacks.names import PreviewName
from tests.unit.operations.agreeing import AFTER, BEFORE, MADE, NOW, World
from tests.unit.operations.engine import preview


@pytest.fixture
def world(gitlab_world: World) -> World:
    return gitlab_world


def test_a_preview_whose_environment_was_stopped_after_its_last_deploy_is_destroyed(world: World) -> None:
    for branch, state, changed_at in (
        ("after", "stopped", AFTER),
        ("before", "stopped", BEFORE),
        ("running", "available", AFTER),
    ):
        world.preview(branch)
        world.environment(branch, state, changed_at)
    world.preview("none")
    assert world.ended() == {"after": "its environment was stopped"}


def test_an_environment_that_is_available_without_its_preview_is_stopped_and_no_other(world: World) -> None:
    recent = (NOW - dt.timedelta(minutes=59)).isoformat()
    world.preview("live")
    world.preview("feature/a")
    world.engine.states["preview-first"] = Snapshot(saved_at="2026-01-09T23:30:00Z")
    for branch in ("live", "first", "gone", "feature/a", "feature_a", "_", ""):
        world.environment(branch)
    world.environment("young", changed_at=recent)
    world.environment("over", "stopped")
    why = "its environment is available, and there is no preview"
    due = [Settled(branch=branch, why=why, result="due") for branch in ("_", "feature_a", "gone")]
    assert world.reap(dry_run=True) == ([], due)
    assert world.states()["gone"] == "available", "a dry run only says so"
    assert world.reap()[1] == [replace(row, result="stopped") for row in due]
    stopped = {name for name, state in world.states().items() if state == "stopped"}
    assert stopped == {"_", "feature_a", "gone", "over"}
    assert world.reap() == ([], [])
    with world.fake.edit() as inside:
        assert inside.started_jobs == [], "the job that stops would find nothing"


@pytest.mark.parametrize("ended", ["closed", "merged"])
def test_a_preview_goes_with_its_merge_request_where_that_ended_after_it_was_made(world: World, ended: str) -> None:
    for branch in ("over", "made-later", "opened-again", "forks"):
        world.preview(branch)
    world.merge_request("over", ended=ended)
    world.merge_request("made-later", ended=ended, at=BEFORE)
    world.merge_request("opened-again", ended=ended)
    world.merge_request("opened-again")
    world.merge_request("forks", ended=ended, fork=16)
    assert world.ended() == {"over": f"its merge request was {ended}"}


def test_a_preview_that_a_label_started_goes_with_it_where_labels_start_previews(world: World) -> None:
    for branch, labelled in (("lost", "yes"), ("has", "yes"), ("by-hand", ""), ("without-request", "yes")):
        world.preview(branch, labelled=labelled)
    world.merge_request("lost", "bug", "previews")
    world.merge_request("has", "preview")
    world.merge_request("by-hand")
    assert world.ended() == {}
    assert world.ended(started_by_label=True) == {"lost": "its merge request lost the label preview"}


def test_the_label_keeps_a_preview_for_as_long_as_it_is_there(world: World) -> None:
    kept = {"new": "", "old": "label", "by-command": "command", "unknown": "label"}
    for branch, by in kept.items():
        world.preview(branch, kept=by)
    world.merge_request("new", "preview::keep")
    for branch in ("old", "by-command"):
        world.merge_request(branch, "bug")
    rows = {row.branch: (row.why, row.result) for row in world.reap(dry_run=True)[1]}
    assert rows == {
        "new": ("its merge request has the label preview::keep", "due"),
        "old": ("its merge request lost the label preview::keep", "due"),
    }
    assert {row.branch: row.result for row in world.reap()[1]} == {"new": "kept", "old": "kept no longer"}
    found = {state.owner: state.outputs["kept"] for state in world.engine.states.values()}
    assert found == {"new": "label", "old": "", "by-command": "command", "unknown": "label"}
    assert [(one.what, one.name.branch) for one in world.heard] == [("kept", "new"), ("kept", "old")]
    assert world.reap() == ([], [])


def test_a_preview_that_is_kept_from_now_on_is_warned_of_no_end(world: World) -> None:
    soon = preview("a", "2026-01-10T06:00:00Z", created_at=MADE, deployed_at=MADE)
    world.engine.states["preview-a"] = soon
    world.merge_request("a", "preview::keep")
    assert [row.result for row in world.reap()[1]] == ["kept"]


def test_a_label_that_keeps_saves_a_preview_from_an_end_that_came_before_anybody_heard_of_it(world: World) -> None:
    for branch, by in (("new", ""), ("lost", "label"), ("over", "")):
        world.engine.states[f"preview-{branch}"] = preview(branch, MADE, created_at=MADE, kept=by)
    world.merge_request("new", "preview::keep")
    world.merge_request("lost", "bug")
    world.merge_request("over", "preview::keep", ended="closed", at=BEFORE)
    reaped, settled = world.reap()
    assert {one.branch: one.result for one in reaped} == {"over": "destroyed"}
    assert {row.branch: row.result for row in settled if row.why != "ends soon"} == {
        "new": "kept",
        "lost": "kept no longer",
    }
    assert {state.owner: state.outputs["expires_at"] for state in world.engine.states.values()} == {
        "new": MADE,
        "lost": "2026-01-10T12:00:00Z",
    }
    assert world.reap()[0] == []


def test_a_gitlab_that_does_not_answer_keeps_nothing_from_its_end_and_is_said(world: World) -> None:
    world.engine.states["preview-a"] = preview("a", "2026-01-09T00:00:00Z")
    world.gitlab = replace(world.gitlab, server="http://127.0.0.1:1")
    reaped, settled = world.reap()
    assert [one.result for one in reaped] == ["destroyed"]
    assert [(row.why, row.result) for row in settled] == [("what GitLab knows", "skipped")]
    assert "cannot be reached" in settled[0].reason


def test_a_backend_that_fails_at_the_end_hides_nothing_of_what_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut() -> list[str]:
        raise OperationError("The state backend cannot be used.")

    world.engine.states["preview-a"] = preview("a", "2026-01-09T00:00:00Z")
    monkeypatch.setattr(world.engine, "stacks", cut)
    reaped, settled = world.reap()
    assert [(one.branch, one.result) for one in reaped] == [("a", "destroyed")]
    assert [(row.result, row.reason) for row in settled] == [("failed", "The state backend cannot be used.")]


def gone(what: Any = "gone") -> Happening:
    return Happening(what=what, name=PreviewName("a"), machine=None, by="ada")


def test_the_environment_of_a_preview_that_is_gone_is_stopped_without_its_job(world: World) -> None:
    world.environment("a")
    world.environment("a-b")
    hear = stops_environment(world.gitlab)
    hear(gone("live"))
    assert world.states() == {"a": "available", "a-b": "available"}
    hear(gone())
    assert world.states() == {"a": "stopped", "a-b": "available"}
    hear(gone())
