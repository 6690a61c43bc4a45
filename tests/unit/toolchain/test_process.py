"""How a program's failure is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from toolchain.process import output_of, run_logged
from toolchain.report import SetupError


def run(tmp_path: Path, script: str, deadline: float = 30) -> list[str]:
    lines: list[str] = []
    run_logged(
        ["sh", "-c", script], what="Doing x", log=tmp_path / "logs" / "x.log", deadline=deadline, on_line=lines.append
    )
    return lines


def test_lines_are_passed_on_and_logged(tmp_path: Path) -> None:
    assert run(tmp_path, "echo one; echo two >&2") == ["one", "two"]
    assert (tmp_path / "logs" / "x.log").read_text().endswith("one\ntwo\n")


def test_the_sentence_quotes_the_complaint_rather_than_the_last_line(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        run(tmp_path, "echo fine; echo 'disk error 7'; echo 'see the manual'; exit 3")
    assert str(caught.value) == f"Doing x failed: disk error 7; see {tmp_path}/logs/x.log."


def test_a_silent_failure_tells_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"^Doing x failed: exit code 3; see "):
        run(tmp_path, "exit 3")


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(SetupError, match=r"^Doing x did not end within 0 seconds; see "):
        run(tmp_path, "sleep 30; echo late", deadline=0.2)
    assert time.monotonic() - started < 10


def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"could not be started: No such file or directory\.$"):
        run_logged([tmp_path / "nothing"], what="Doing x", log=tmp_path / "x.log")


def test_a_question_without_an_answer_is_empty(tmp_path: Path) -> None:
    assert output_of(["sh", "-c", "echo yes"]) == "yes"
    assert output_of(["sh", "-c", "echo no; exit 1"]) == ""
    assert output_of([tmp_path / "nothing"]) == ""
