"""When previews end, how that is put off, and how a list tells of it."""

from __future__ import annotations

import pytest

from operations.engine.events import Reporting, no_steps
from operations.engine.snapshot import Snapshot
from operations.errors import NotFoundError
from operations.listing import previews
from operations.upkeep.expiry import extend
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.operations.reaping import FUTURE, NOW, PAST, run

TOLD = Reporting(step=no_steps, note=print)


def test_a_first_deploy_that_never_ended_is_destroyed_after_an_hour() -> None:
    recent, old = (Snapshot(saved_at=time) for time in ("2026-01-09T23:30:00Z", "2026-01-09T22:59:00Z"))
    engine = StandInEngine({"preview-recent": recent, "preview-old": old})
    assert {name: one.why for name, one in run(engine).items()} == {"preview-old": "its first deploy never ended"}


def test_a_preview_made_by_plain_pulumi_ends_three_days_after_its_last_good_update() -> None:
    engine = StandInEngine(
        {"preview-a": preview("a"), "preview-b": preview("b")},
        succeeded={"preview-a": "2026-01-06T23:59:00.000Z", "preview-b": "2026-01-07T00:01:00.000Z"},
    )
    assert set(run(engine)) == {"preview-a"}
    (row,) = previews(engine.engine, NOW)
    assert row.expires_at == "2026-01-10T00:01:00Z"


def test_extending_counts_from_the_end_and_for_an_expired_one_from_now() -> None:
    engine = StandInEngine({"preview-a": preview("a", FUTURE), "preview-b": preview("b", "2026-01-01T00:00:00Z")})
    assert extend(engine.engine, "a", 2, NOW, TOLD).expires_at == "2026-01-10T02:00:01Z"
    assert extend(engine.engine, "b", 2, NOW, TOLD).expires_at == "2026-01-10T02:00:00Z"
    assert engine.states["preview-b"].outputs["expires_at"] == "2026-01-10T02:00:00Z"
    assert run(engine) == {}


def test_the_preview_of_another_branch_with_the_same_slug_cannot_be_extended() -> None:
    engine = StandInEngine({"preview-feature-a": preview("feature/a", FUTURE)})
    with pytest.raises(NotFoundError):
        extend(engine.engine, "feature_a", 1, NOW, TOLD)


def test_states_of_previews_are_told_apart() -> None:
    engine = StandInEngine(
        {
            "preview-live": preview("live", FUTURE),
            "preview-over": preview("over", PAST),
            "preview-busy": preview("busy", FUTURE),
            "preview-half": Snapshot(saved_at=PAST),
        },
        busy={"preview-busy"},
    )
    states = {row.slug: row.state for row in previews(engine.engine, NOW)}
    assert states == {"live": "live", "over": "expired", "busy": "busy", "half": "incomplete"}
