"""Who is put to sleep for another, who never is, and what a refusal says."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest

from operations.engine.snapshot import Snapshot
from operations.life.holders import Holder, idle, refusal_of
from operations.machine.access import Machine
from tests.equipment.fakes.grafana import base
from tests.unit.operations.deploying import StandInMachine
from tests.unit.operations.engine import StandInEngine, preview

NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
LONG_AGO = "2026-01-09T00:00:00Z"


def holder(branch: str, looked_at: str = "", state: str = "running", *, kept: bool = False) -> Holder:
    return Holder(
        slug=branch,
        branch=branch,
        state=state,
        kept=kept,
        taken_at="2026-01-09T06:00:00Z",
        asleep_since="",
        looked_at=looked_at,
    )


def stacks(*branches: str, deployed_at: str = LONG_AGO) -> dict[str, Snapshot]:
    return {branch: preview(branch, "2026-01-12T00:00:00Z", deployed_at=deployed_at) for branch in branches}


def test_the_one_that_nobody_has_looked_at_for_longest_comes_first() -> None:
    found = [holder("a", "2026-01-10T11:00:00Z"), holder("b", "2026-01-09T05:00:00Z"), holder("c")]
    assert [one.branch for one in idle(found, stacks("a", "b", "c"), NOW)] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("one", "known"),
    [
        (holder("a", kept=True), stacks("a")),
        (holder("a", state="asleep"), stacks("a")),
        (holder("a", state="starting"), stacks("a")),
        (holder("a"), stacks("a", deployed_at="2026-01-10T10:00:01Z")),
        (holder("a"), {"a": Snapshot(stack="preview-a")}),
        (holder("a"), {}),
    ],
    ids=["kept", "asleep", "starting", "deployed in the last two hours", "never deployed", "unreadable"],
)
def test_some_are_never_put_to_sleep_for_another(one: Holder, known: dict[str, Snapshot]) -> None:
    assert idle([one], known, NOW) == []
    assert idle([holder("a")], stacks("a"), NOW), "this one is"


def test_a_refusal_says_who_holds_the_slots_since_when_nobody_looked_and_what_makes_room() -> None:
    found = [holder("a", "2026-01-10T11:00:00Z"), holder("b", kept=True), holder("c", state="asleep")]
    machine = cast(Machine, StandInMachine(base(8443)))
    said = refusal_of(StandInEngine().engine, machine, "new", found, stacks("a", "b", "c"))
    assert said == (
        "There is no room for the preview of branch 'new': 2 of 2 previews run or start: "
        "b (nobody has looked since 2026-01-09T06:00:00Z, kept); "
        "a (nobody has looked since 2026-01-10T11:00:00Z, ends 2026-01-12T00:00:00Z). "
        "The next slot is free at 2026-01-12T00:00:00Z, when a ends. "
        "To make room now: ./preview sleep b (keeps its data), or ./preview destroy b."
    )
