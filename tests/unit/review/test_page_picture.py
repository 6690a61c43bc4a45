"""The small picture of a preview on the page of all previews."""

from __future__ import annotations

import shutil

from operations.review.writer import MOST_BYTES, write_picture
from tests.unit.review.board import Board

BRANCH = "feature/add-metrics"
SLUG = "feature-add-metrics"


def test_a_picture_is_shown_once_there_is_one_and_goes_with_its_preview(board: Board) -> None:
    directory = board.directory(BRANCH)
    board.hear("live", BRANCH)
    assert "<img" not in board.index()
    write_picture(board.machine, SLUG, b"RIFF\x00\xffWEBP")
    assert f'<img class="shot" src="/pictures/{SLUG}.webp"' in board.index()
    picture = board.page / f"public/pictures/{SLUG}.webp"
    assert picture.read_bytes() == b"RIFF\x00\xffWEBP"
    shutil.rmtree(directory)
    board.refresh()
    assert not picture.exists()


def test_the_largest_picture_reaches_the_machine(board: Board) -> None:
    board.directory(BRANCH)
    write_picture(board.machine, SLUG, b"\xff" * MOST_BYTES)
    assert (board.page / f"public/pictures/{SLUG}.webp").stat().st_size == MOST_BYTES
