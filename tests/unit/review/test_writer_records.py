"""What operations keep on a machine: records and history, which are whole whoever writes or reads meanwhile."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import replace

import pytest

from operations.errors import OperationError
from operations.machine.local import LocalMachine
from operations.machine.shell import ScriptError
from operations.review.record import Record
from tests.unit.review.board import Board

BRANCH = "feature/add-metrics"


def test_the_history_outlives_the_preview_and_what_a_full_disk_has_cut(board: Board) -> None:
    board.hear("live", BRANCH)
    with (board.page / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-11-28T14:0')
    board.hear("gone", BRANCH, by="reap", why="expired")
    assert [(one.what, one.by, one.why) for one in board.history()] == [
        ("live", "jane", ""),
        ("gone", "reap", "expired"),
    ]


def test_the_history_keeps_its_newest_two_thousand_lines(board: Board) -> None:
    line = json.dumps(dict.fromkeys(("at", "what", "branch", "slug", "commit", "by", "why"), "old"))
    (board.page / "history.jsonl").write_text(f"{line}\n" * 2200, encoding="utf-8")
    board.hear("live", BRANCH)
    found = board.history()
    assert len(found) == 2000
    assert (found[0].what, found[-1].what) == ("old", "live")


def test_names_that_ended_long_ago_are_forgotten(board: Board) -> None:
    for number in range(501):
        (board.page / f"records/old-{number}.json").write_text("{}", encoding="utf-8")
        (board.page / f"public/gone/old-{number}.html").write_text("", encoding="utf-8")
    board.hear("gone", BRANCH)
    assert len(list((board.page / "records").iterdir())) == 500
    assert len(list((board.page / "public/gone").iterdir())) == 500
    assert BRANCH in board.own(BRANCH)


def test_who_reads_never_finds_half_a_page(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH)
    before = board.index()
    (board.page / "public/index.html.next").mkdir()
    with pytest.raises(OperationError, match="the next operation on the preview mends the page"):
        board.hear("extended", BRANCH)
    assert board.index() == before


def test_two_at_once_write_one_after_the_other(board: Board) -> None:
    held = os.open(board.page, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(ScriptError, match="still being written"):
        board.refresh(LOCK_SECONDS="0.2")
    os.close(held)
    board.refresh()


def test_a_record_that_somebody_has_changed_counts_for_nothing() -> None:
    for text in ("", "[]", "{}", '{"branch": 1}', "{" * 100_000):
        assert Record.read(text) is None


def test_a_base_that_has_no_page_yet_is_left_alone(board: Board) -> None:
    older = replace(board, machine=LocalMachine(board.machine.base.model_copy(update={"page_directory": ""})))
    before = (board.root / "asked").read_text(encoding="utf-8")
    older.hear("live", BRANCH)
    assert (board.root / "asked").read_text(encoding="utf-8") == before
    assert not (board.page / "history.jsonl").exists()
