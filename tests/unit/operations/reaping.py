"""Reaps what a stand-in for the engine has, at one moment for all tests."""

from __future__ import annotations

import datetime as dt

from operations.upkeep.reap import ReapRequest, reap
from operations.upkeep.settled import Reaped
from tests.unit.operations.engine import StandInEngine

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
PAST, FUTURE = "2026-01-09T23:59:59Z", "2026-01-10T00:00:01Z"


def run(engine: StandInEngine, *, dry_run: bool = False, branches_from: str = "") -> dict[str, Reaped]:
    """Stack → what became of it."""
    request = ReapRequest(base="local", branches_from=branches_from, dry_run=dry_run, now=NOW)
    return {one.stack: one for one in reap(engine.engine, request, print)[0]}
