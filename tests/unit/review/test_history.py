"""``./preview history``: what has happened on all bases, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.happening import Happening
from operations.upkeep.history import history, line_of
from stacks.names import PreviewName
from tests.equipment.recording import LOCAL_OUTPUTS


@dataclass
class Backend:
    """An engine that knows bases alone."""

    bases: Mapping[str, Mapping[str, Any]]

    def stacks(self) -> list[str]:
        return [*self.bases, "preview-x"]

    def snapshot(self, stack: str) -> Snapshot:
        return Snapshot(stack=stack, outputs=self.bases[stack])


def engine(bases: Mapping[str, Mapping[str, Any]]) -> Engine:
    return cast("Engine", Backend(bases))


def page(root: Path, name: str, *happened: tuple[str, int]) -> dict[str, Any]:
    """A base on this machine, and what has happened there: branch and minute."""
    directory = root / name
    directory.mkdir()
    lines = [
        line_of(
            Happening(
                what="live",
                name=PreviewName(branch),
                machine=None,
                by="jane",
                at=dt.datetime(2026, 11, 28, 14, minute, tzinfo=dt.UTC),
            )
        )
        for branch, minute in happened
    ]
    (directory / "history.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {**LOCAL_OUTPUTS, "page_directory": str(directory)}


def test_the_newest_comes_first_whichever_base_it_is_of(tmp_path: Path) -> None:
    bases = {"local": page(tmp_path, "one", ("a", 1), ("b", 3)), "base": page(tmp_path, "two", ("c", 2))}
    found = history(engine(bases), "", "", 50, pytest.fail)
    assert [(one.branch, one.base) for one in found] == [("b", "local"), ("c", "base"), ("a", "local")]


def test_a_branch_a_base_and_a_number_choose(tmp_path: Path) -> None:
    bases = {"local": page(tmp_path, "one", ("a", 1), ("b", 3), ("a", 5)), "base": page(tmp_path, "two", ("a", 2))}
    assert [one.at[14:16] for one in history(engine(bases), "a", "", 2, pytest.fail)] == ["05", "02"]
    assert [one.branch for one in history(engine(bases), "", "base", 50, pytest.fail)] == ["a"]
    assert history(engine(bases), "feature_a", "", 50, pytest.fail) == []


def test_a_base_without_history_has_none(tmp_path: Path) -> None:
    bases = {"local": LOCAL_OUTPUTS, "base": {**LOCAL_OUTPUTS, "page_directory": str(tmp_path / "nothing-yet")}}
    assert history(engine(bases), "", "", 50, pytest.fail) == []


def test_a_base_that_does_not_answer_is_named_beside_what_the_other_says(tmp_path: Path) -> None:
    bases: dict[str, Mapping[str, Any]] = {"local": page(tmp_path, "one", ("a", 1)), "base": {}}
    notes: list[str] = []
    assert [one.branch for one in history(engine(bases), "", "", 50, notes.append)] == ["a"]
    assert len(notes) == 1
    assert "'base'" in notes[0]
    with pytest.raises(OperationError, match="'base'"):
        history(engine(bases), "", "base", 50, notes.append)
