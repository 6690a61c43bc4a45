"""What is shown of previews while Docker does not answer: what was known before, and what operations tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.services import SERVICES
from operations.errors import OperationError
from tests.unit.review.board import Board

BRANCH = "feature/add-metrics"
SLUG = "feature-add-metrics"


@pytest.fixture(params=["containers", "services", "services, but not which"])
def unanswered(board: Board, request: pytest.FixtureRequest) -> Board:
    """A base with a preview whose services are all well, and then Docker is gone."""
    board.directory(BRANCH)
    services = request.param != "containers"
    if services:
        board.cluster(*((f"p-{one.key}", "1/1", SLUG) for one in SERVICES))
        board.refresh(LIMIT="2", RUNTIME="services")
    else:
        board.docker(*[f"{SLUG} {one.key} running Up 3 minutes (healthy)" for one in SERVICES])
    board.hear("live", BRANCH)
    assert "7 of 7" in board.index().replace("</span>", "")
    board.unanswered(but="service ls" if request.param == "services, but not which" else "nothing")
    return board


def shown(board: Board) -> tuple[str, str]:
    return board.index(), (board.page / "used").read_text(encoding="ascii")


def test_the_timer_says_what_is_wrong_and_the_page_stays_as_it_was(unanswered: Board) -> None:
    before = shown(unanswered)
    with pytest.raises(OperationError, match="Docker does not say which previews run") as error:
        unanswered.refresh()
    assert "Cannot connect to the Docker daemon" in str(error.value)
    assert shown(unanswered) == before


def test_what_an_operation_tells_is_kept_and_it_does_not_fail(unanswered: Board) -> None:
    before = shown(unanswered)
    unanswered.hear("asleep", BRANCH)
    assert shown(unanswered) == before
    assert [one.what for one in unanswered.history()] == ["live", "asleep"]
    assert "is asleep" in unanswered.own(BRANCH)
    assert "asleep" in (unanswered.root / f"previews/{SLUG}/card.html").read_text(encoding="utf-8")


def test_a_base_that_is_made_before_its_cluster_has_a_page(board: Board) -> None:
    subprocess.run(["rm", "-r", str(board.page)], check=True)
    board.unanswered()
    board.refresh(LIMIT="2", RUNTIME="services")
    assert "2 of 2" in board.index()


def test_a_service_that_goes_while_it_is_counted_is_none(board: Board, tmp_path: Path) -> None:
    board.directory(BRANCH)
    board.cluster(*((f"p-{one.key}", "1/1", SLUG) for one in SERVICES[1:]), ("gone", "1/1", ""))
    program = tmp_path / "bin/docker"
    said = program.read_text(encoding="utf-8")
    program.write_text(said.replace(":;; *)", "echo 'Error: no such service: gone' >&2; exit 1;; *)"), encoding="utf-8")
    board.refresh(LIMIT="2", RUNTIME="services")
    assert "6 of" in board.index()
