"""What is timed of each side of the comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.composed import Composed
from bench.process_tree import Command
from bench.rounds import HASTENED, Rounds


def composed(root: Path) -> Composed:
    return Composed(root, "x", compose=["docker", "compose"], edge_network="edge", port=8443, hastened=True)


def test_compose_kills_the_containers_that_it_destroys_as_a_preview_does(tmp_path: Path) -> None:
    assert list(composed(tmp_path).destroy("one").argv)[-4:] == ["down", "--volumes", "--timeout", "0"]


def test_nothing_is_left_to_destroy_where_no_project_was_made(tmp_path: Path) -> None:
    assert composed(tmp_path / "not-there").left() == []


def test_a_first_deploy_with_a_processor_is_a_step_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side, prepared = composed(tmp_path), list[str]()
    monkeypatch.setattr(side, "prepare", prepared.append)
    monkeypatch.setattr(side, "_run", lambda *_: Command(argv=["true"], cwd=tmp_path, environment={}))
    rounds = Rounds(None, "image", tmp_path / "log", lambda _: None)
    rounds.start(side, "one")
    (step,) = rounds.steps
    assert prepared == ["one"]
    assert step["step"] == HASTENED
    assert [(tool, len(runs)) for tool, runs in step["seconds"].items()] == [("compose", 1)]
