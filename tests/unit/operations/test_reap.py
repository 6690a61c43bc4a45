"""What is reaped, and that nothing else ever is."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.engine.holder import Holder
from operations.engine.snapshot import Snapshot
from operations.engine.stack_locks import StackLock
from operations.engine.workspace import Changes
from operations.errors import EngineError, OperationError
from operations.listing import previews
from operations.upkeep import reap as reaping
from operations.upkeep.branches import branches_of
from operations.upkeep.reap import ReapRequest, reap
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.operations.reaping import FUTURE, NOW, PAST, run

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between one attempt and the next."""
    monkeypatch.setattr(reaping, "_FIRST_PAUSE_SECONDS", 0)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A Git remote with the branch main and no other."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    return tmp_path


def test_what_has_expired_is_destroyed_and_what_has_not_stays() -> None:
    engine = StandInEngine({"preview-old": preview("old", PAST), "preview-new": preview("new", FUTURE)})
    reaped = run(engine)
    assert {name: one.result for name, one in reaped.items()} == {"preview-old": "destroyed"}
    assert list(engine.states) == ["preview-new"]


def test_a_dry_run_destroys_nothing() -> None:
    engine = StandInEngine({"preview-old": preview("old", PAST)})
    assert run(engine, dry_run=True)["preview-old"].result == "due"
    assert engine.destroyed == []


def test_one_failure_does_not_stop_the_others_and_its_reason_is_kept() -> None:
    states = {f"preview-{name}": preview(name, PAST) for name in ("a", "b", "c")}
    engine = StandInEngine(states, failures={"preview-a": [EngineError("the disk is on fire")] * 9})
    reaped = run(engine)
    assert {one.branch: one.result for one in reaped.values()} == {"a": "failed", "b": "destroyed", "c": "destroyed"}
    assert reaped["preview-a"].reason == "the disk is on fire"


def test_a_failure_that_passes_is_tried_again() -> None:
    engine = StandInEngine({"preview-a": preview("a", PAST)}, failures={"preview-a": [EngineError("for a moment")]})
    assert run(engine)["preview-a"].result == "destroyed"


def test_a_preview_that_somebody_works_on_is_skipped() -> None:
    engine = StandInEngine({"preview-a": preview("a", PAST)}, busy={"preview-a"})
    reaped = run(engine)["preview-a"]
    assert reaped.result == "skipped"
    assert "held by deploy" in reaped.reason


def test_a_preview_that_was_deployed_again_meanwhile_stays() -> None:
    class Updated(StandInEngine):
        def snapshot(self, stack: str) -> Snapshot | None:
            seen = super().snapshot(stack)
            self.states[stack] = preview("a", FUTURE)
            return seen

    engine = Updated({"preview-a": preview("a", PAST)})
    assert run(engine)["preview-a"].result == "skipped"
    assert engine.destroyed == []


@given(st.lists(st.text(max_size=20), max_size=6))
def test_nothing_but_previews_is_ever_destroyed(names: list[str]) -> None:
    names += ["base", "local", "preview", "Preview-x", "base-preview-x"]
    engine = StandInEngine({name: preview("gone", PAST) for name in names})
    run(engine)
    assert all(name.startswith("preview-") for name in engine.destroyed)


def test_previews_of_branches_that_the_remote_does_not_have_are_destroyed(remote: Path) -> None:
    engine = StandInEngine({"preview-main": preview("main", FUTURE), "preview-gone": preview("gone", FUTURE)})
    reaped = run(engine, branches_from=str(remote))
    assert {name: one.why for name, one in reaped.items()} == {"preview-gone": "branch is gone"}


def test_a_remote_that_cannot_be_reached_reaps_nothing_and_says_so(tmp_path: Path) -> None:
    engine = StandInEngine({"preview-old": preview("old", PAST)})
    with pytest.raises(OperationError, match=r"cannot be read .* Nothing was destroyed"):
        run(engine, branches_from=str(tmp_path / "nowhere"))
    assert engine.destroyed == []


def test_a_remote_without_a_branch_reaps_nothing_and_says_so(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path)], check=True)
    with pytest.raises(OperationError, match="has no branch at all"):
        branches_of(str(tmp_path))


def test_a_branch_is_there_whatever_characters_its_name_has(remote: Path) -> None:
    odd = ["a\u2028b", "a\x85b", "a\udcffb"]
    for name in odd:
        subprocess.run(["git", "-C", str(remote), "branch", os.fsencode(name)], check=True)
    assert branches_of(str(remote)) == {"main", *odd}


def test_a_remote_is_never_taken_for_an_option(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="cannot be read"):
        branches_of(f"--upload-pack=touch {tmp_path}/owned")
    assert not (tmp_path / "owned").exists()


def test_one_that_cannot_be_read_keeps_neither_reap_nor_list_from_the_others() -> None:
    engine = StandInEngine(
        {"preview-old": preview("old", PAST), "preview-odd": preview("odd", "soon"), "preview-torn": preview("torn")},
        damaged={"preview-torn"},
    )
    assert {row.slug: row.state for row in previews(engine.engine, NOW)} == {
        "old": "expired",
        "odd": "unreadable",
        "torn": "unreadable",
    }
    reaped = run(engine)
    assert {name: one.result for name, one in reaped.items()} == {
        "preview-old": "destroyed",
        "preview-odd": "failed",
        "preview-torn": "failed",
    }
    assert "'soon' in the stack's state is no RFC 3339 time" in reaped["preview-odd"].reason


def test_what_has_been_locked_for_too_long_is_reported_as_failed_cleared_and_reaped_the_next_time() -> None:
    holder = Holder(user="ci", host="runner", pid=7, since=PAST)
    lock = StackLock(stack="preview-a", key="k", age=dt.timedelta(hours=3), holder=holder)
    engine = StandInEngine({"preview-a": preview("a", PAST), "preview-b": preview("b", PAST)}, left_over=[lock])
    assert run(engine, dry_run=True)["preview-a"].result == "failed"
    assert engine.left_over
    reaped = run(engine)
    assert {name: one.result for name, one in reaped.items()} == {"preview-a": "failed", "preview-b": "destroyed"}
    assert "held by pulumi by ci on runner (process 7)" in reaped["preview-a"].reason
    assert engine.left_over == []
    assert run(engine)["preview-a"].result == "destroyed"


def test_locks_of_other_bases_are_left_alone() -> None:
    holder = Holder(user="ci", host="runner", pid=7, since=PAST)
    lock = StackLock(stack="preview-a", key="k", age=dt.timedelta(hours=3), holder=holder)
    engine = StandInEngine({"preview-a": preview("a", PAST, base="base")}, left_over=[lock])
    assert run(engine) == {}
    assert engine.left_over == [lock]


def test_without_a_base_the_previews_of_all_bases_are_reaped() -> None:
    engine = StandInEngine({"preview-a": preview("a", PAST, base="base"), "preview-b": preview("b", PAST)})
    request = ReapRequest(base="", branches_from="", dry_run=False, now=NOW)
    assert {one.stack: one.result for one in reap(engine.engine, request, print)[0]} == {
        "preview-a": "destroyed",
        "preview-b": "destroyed",
    }


def test_a_branch_that_was_pushed_again_since_the_list_was_read_keeps_its_preview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = StandInEngine({"preview-a": preview("a", FUTURE), "preview-b": preview("b", FUTURE)})
    answers = [frozenset({"main"}), *[frozenset({"main", "a"})] * 2]
    monkeypatch.setattr(reaping, "branches_of", lambda _: answers.pop(0))
    reaped = run(engine, branches_from="remote")
    assert {name: one.result for name, one in reaped.items()} == {"preview-a": "skipped", "preview-b": "destroyed"}


def test_one_that_becomes_due_no_more_before_the_engine_holds_its_lock_stays() -> None:
    class Extended(StandInEngine):
        def destroy(self, stack: str, *args: Any, **more: Any) -> Changes:
            self.states[stack] = preview("a", FUTURE)
            return super().destroy(stack, *args, **more)

    engine = Extended({"preview-a": preview("a", PAST)})
    assert run(engine)["preview-a"].result == "skipped"
    assert engine.destroyed == []


def test_whatever_is_wrong_with_one_preview_is_told_of_it_and_the_others_are_reaped() -> None:
    engine = StandInEngine(
        {
            "preview-": Snapshot(stack="preview-", saved_at="2026-01-01T00:00:00Z"),
            "preview-x": replace(preview("x"), outputs={"branch": "///", "slug": "x", "base": "local"}),
            "preview-a": preview("a", PAST),
            "preview-b": preview("b", PAST),
        },
        failures={"preview-a": [AttributeError("nobody has thought of this")]},
    )
    reaped = run(engine)
    assert {name: one.result for name, one in reaped.items()} == {
        "preview-": "failed",
        "preview-x": "failed",
        "preview-a": "failed",
        "preview-b": "destroyed",
    }
    assert reaped["preview-"].reason == (
        "The stack 'preview-' is not a preview's: its name must be preview-<slug>. "
        "Remove it: pulumi destroy --remove --stack preview-."
    )
    assert reaped["preview-a"].reason == "AttributeError: nobody has thought of this"


def test_a_lock_that_cannot_be_cleared_keeps_no_other_preview_from_its_end() -> None:
    class Locked(StandInEngine):
        def remove(self, lock: StackLock, why: str) -> None:
            raise OperationError("The state backend cannot be used.")

    holder = Holder(user="ci", host="runner", pid=7, since=PAST)
    lock = StackLock(stack="preview-a", key="k", age=dt.timedelta(hours=3), holder=holder)
    engine = Locked({"preview-a": preview("a", PAST), "preview-b": preview("b", PAST)}, left_over=[lock])
    reaped = run(engine)
    assert {name: one.result for name, one in reaped.items()} == {"preview-a": "failed", "preview-b": "destroyed"}
    assert reaped["preview-a"].reason.endswith("It could not be cleared: The state backend cannot be used.")
