"""The warning before a preview ends: once for each end, to everybody who wants to know."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from operations.engine.events import Reporting, no_steps
from operations.engine.snapshot import Snapshot
from operations.happening import Happening
from operations.upkeep.expiry import extend
from operations.upkeep.reap import ReapRequest, reap
from operations.upkeep.settled import Settled
from tests.unit.operations.engine import StandInEngine, preview

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
SOON = "2026-01-10T12:00:00Z"


@dataclass
class Schedule:
    """Clean-ups, one after another."""

    engine: StandInEngine
    heard: list[Happening] = field(default_factory=list)

    def run(self, *, now: dt.datetime = NOW, dry_run: bool = False) -> list[Settled]:
        request = ReapRequest(base="", branches_from="", dry_run=dry_run, now=now, happened=self.heard.append)
        return reap(self.engine.engine, request, print)[1]


def warned(branch: str, result: str = "told") -> Settled:
    return Settled(branch=branch, why="ends soon", result=result)


def test_a_preview_is_warned_of_once_twelve_hours_before_its_end_and_told_how_to_extend_it() -> None:
    schedule = Schedule(StandInEngine({"preview-a": preview("a", SOON, url="https://a", commit="c1")}))
    assert schedule.run(now=NOW - dt.timedelta(seconds=1)) == []
    assert schedule.run() == [warned("a")]
    assert schedule.run() == []
    (told,) = schedule.heard
    assert (told.what, told.name.branch, told.expires_at, told.by) == ("ends soon", "a", SOON, "reap")
    assert told.why == "./preview extend a --hours 24 gives it a day more, ./preview keep a keeps it"


def test_another_end_is_warned_of_anew() -> None:
    schedule = Schedule(StandInEngine({"preview-a": preview("a", SOON)}))
    schedule.run()
    extend(schedule.engine.engine, "a", 24, NOW, Reporting(step=no_steps, note=print))
    assert schedule.run() == []
    assert schedule.run(now=NOW + dt.timedelta(hours=24)) == [warned("a")]


def test_what_is_kept_has_expired_or_was_never_up_is_not_warned_of() -> None:
    states = {
        "preview-kept": preview("kept", SOON, kept="command"),
        "preview-over": preview("over", "2026-01-09T00:00:00Z"),
        "preview-half": Snapshot(saved_at="2026-01-09T23:30:00Z"),
    }
    assert Schedule(StandInEngine(states)).run() == []


def test_a_dry_run_warns_nobody_and_remembers_nothing() -> None:
    schedule = Schedule(StandInEngine({"preview-a": preview("a", SOON)}))
    assert schedule.run(dry_run=True) == [warned("a", "due")]
    assert schedule.heard == []
    assert schedule.run() == [warned("a")]


def test_a_preview_that_somebody_works_on_is_warned_of_the_next_time() -> None:
    schedule = Schedule(StandInEngine({"preview-a": preview("a", SOON)}, busy={"preview-a"}))
    (row,) = schedule.run()
    assert (row.result, schedule.heard) == ("skipped", [])
    schedule.engine.busy.clear()
    assert schedule.run() == [warned("a")]


def test_the_command_names_the_branch_so_that_a_shell_takes_it_as_one_word() -> None:
    schedule = Schedule(StandInEngine({"preview-ax": preview("a';x", SOON)}))
    schedule.run()
    assert "extend 'a'\"'\"';x' --hours" in schedule.heard[0].why
