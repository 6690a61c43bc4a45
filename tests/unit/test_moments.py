"""Tests that kill a command do kill it, however quick the machine is at the moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.moments import killed_after, moments, until_hit

QUICK, SLOW, FAILING = "true", "sleep 30", "false"


def clone(folder: Path, command: str) -> Clone:
    """One whose command does nothing else."""
    (folder / "preview").write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    (folder / "preview").chmod(0o755)
    return Clone(path=folder, data=folder, ports={}, prefix="")


@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_moment_is_near_neither_end_of_its_part(count: int) -> None:
    drawn = sorted(share for seed in range(200) for share in moments(str(seed), count))
    places = [share * count % 1 for share in drawn]
    assert min(places) > 0.19
    assert max(places) < 0.81
    assert [sum(part <= share * count < part + 1 for share in drawn) for part in range(count)] == [200] * count


def test_a_command_that_is_killed_is_told_from_one_that_had_ended(tmp_path: Path) -> None:
    assert killed_after(clone(tmp_path, SLOW), 0.2)
    assert not killed_after(clone(tmp_path, QUICK), 20)


def test_a_command_that_fails_by_itself_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 1"):
        killed_after(clone(tmp_path, FAILING), 20)


def test_a_run_that_ends_before_its_moment_is_repeated_sooner() -> None:
    tried: list[float] = []

    def strike(seconds: float) -> bool:
        tried.append(seconds)
        return seconds < 1

    again: list[str] = []
    until_hit(strike, 3.2, again=lambda: again.append("made again"))
    assert tried == [3.2, 1.6, 0.8]
    assert len(again) == 2


def test_a_test_in_which_nothing_was_ever_killed_fails() -> None:
    with pytest.raises(AssertionError, match="had ended before anything happened"):
        until_hit(lambda _: False, 1.0, again=lambda: None)
