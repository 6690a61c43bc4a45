"""A page that tells of a preview what is not so is mended by clean-up: the stack's state decides."""

from __future__ import annotations

import datetime as dt

import pytest

from operations.engine.snapshot import Snapshot
from operations.review.writer import read_record, read_records
from operations.upkeep import pages
from operations.upkeep.pages import settle_pages
from operations.upkeep.settled import Settled
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.review.board import AT, Board

BRANCH, STACK = "feature/a", "preview-feature-a"
LATER = AT + dt.timedelta(hours=2)
END = "2036-12-01T14:05:00Z"


def settled(
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
    *states: Snapshot,
    busy: frozenset[str] = frozenset(),
    now: dt.datetime = LATER,
    dry_run: bool = False,
) -> list[Settled]:
    """What the clean-up of a base with these previews settles."""
    monkeypatch.setattr(pages, "machine_at", lambda engine, base: board.machine)
    engine = StandInEngine({one.stack: one for one in states}, busy=set(busy))
    return settle_pages(engine.engine, "local", now, dry_run=dry_run)


def live(**more: str) -> Snapshot:
    facts = {"url": "https://a", "commit": "6063e25", "deployed_by": "jane", "deployed_at": "2026-11-28T14:00:00Z"}
    return preview(BRANCH, END, **{**facts, **more})


def test_a_deploy_that_was_killed_is_told_of_as_cut_off(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH)
    board.hear("deploying", BRANCH)
    assert settled(board, monkeypatch, live()) == [
        Settled(branch=BRANCH, why="its page says deploying", result="mended")
    ]
    assert "rolled back" in board.index()
    assert "it was cut off" in board.index()
    assert settled(board, monkeypatch, live()) == [], "once"


def test_what_somebody_works_on_is_left_alone(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.directory(BRANCH)
    board.hear("deploying", BRANCH)
    assert settled(board, monkeypatch, live(), now=AT + dt.timedelta(minutes=59)) == []
    assert settled(board, monkeypatch, live(), busy=frozenset({STACK})) == []
    record = read_record(board.machine, "feature-a")
    assert record
    assert record.state == "deploying"


@pytest.mark.parametrize("before", ["", "gone", "failed"])
def test_a_preview_that_the_page_does_not_know_is_shown(
    board: Board, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    board.directory(BRANCH)
    if before == "gone":
        board.hear("gone", BRANCH)
    elif before == "failed":
        board.hear("failed", BRANCH)
    state = live(kept="command", asleep_since="2026-11-28T15:00:00Z")
    assert settled(board, monkeypatch, state) == [
        Settled(branch=BRANCH, why="the page does not know it", result="mended")
    ]
    record = read_record(board.machine, "feature-a")
    assert record
    assert (record.state, record.since, record.commit) == ("asleep", "2026-11-28T15:00:00Z", "6063e25")
    assert (record.kept, record.deployed_by, record.deployed_at) == (True, "jane", "2026-11-28T14:00:00Z")
    assert BRANCH in board.index()


def test_an_end_that_the_page_has_missed_is_told(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH, expires_at="2030-01-01T00:00:00Z")
    assert [row.result for row in settled(board, monkeypatch, live())] == ["mended"]
    assert "1 December 2036, 14:05 UTC" in board.index()


def test_a_preview_whose_stack_is_gone_is_gone(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.hear("live", BRANCH)
    assert settled(board, monkeypatch, now=AT) == [], "its stack may be about to be made"
    assert settled(board, monkeypatch) == [
        Settled(branch=BRANCH, why="its page says live, and it has no stack", result="mended")
    ]
    assert "its stack was removed" in board.own(BRANCH)
    assert settled(board, monkeypatch) == []


def test_a_dry_run_mends_nothing(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.directory(BRANCH)
    board.hear("live", "feature/b")
    before = {path: path.read_bytes() for path in board.page.rglob("*") if path.is_file()}
    assert [row.result for row in settled(board, monkeypatch, live(), dry_run=True)] == ["due", "due"]
    assert {path: path.read_bytes() for path in board.page.rglob("*") if path.is_file()} == before


def test_a_record_that_is_damaged_hides_no_other(board: Board) -> None:
    for branch in ("a", "b", "c"):
        board.hear("live", branch)
    (board.page / "records/b.json").write_text('{"branch": "b", ', encoding="utf-8")
    assert set(read_records(board.machine)) == {"a", "c"}


def test_the_history_knows_what_has_happened_and_not_that_a_page_was_mended(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.directory(BRANCH)
    settled(board, monkeypatch, live())
    assert not (board.page / "history.jsonl").exists()
