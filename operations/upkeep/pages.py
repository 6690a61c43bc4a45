"""Makes what machines show of previews agree with the states of their stacks, which decide."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, OperationError
from operations.find import machine_at
from operations.listing import snapshots
from operations.machine.access import Machine
from operations.review.record import Record, record_agreed
from operations.review.writer import read_record, read_records, write_record
from operations.upkeep.expiry import UNFINISHED_FOR, moment
from operations.upkeep.settled import Settled
from stacks.moments import text_of
from stacks.names import slug_of_stack, stack_of

_OPERATION = "page"


def settle_pages(engine: Engine, base: str, now: dt.datetime, *, dry_run: bool) -> list[Settled]:
    """Mend what the page of a base says of its previews: a killed command has not told how it ended.

    Args:
        engine: The engine.
        base: The base.
        now: The present.
        dry_run: Only say which ones it would be.

    Returns:
        What became of each that was wrong.

    Raises:
        OperationError: The base or the backend cannot be read.
    """
    machine = machine_at(engine, base)
    # A base that an older version has made.
    if not machine.base.page_directory:
        return []
    records = read_records(machine)
    states, damaged = snapshots(engine)
    found = []
    for snapshot in states.values():
        if snapshot.outputs.get("base") == base:
            old = records.get(slug_of_stack(snapshot.stack))
            found.append(_agreed(engine, machine, snapshot, old, now, dry_run=dry_run))
    for slug, record in records.items():
        if not record.over and stack_of(slug) not in {*states, *damaged} and not _young(record, now):
            found.append(_gone(machine, record, now, dry_run=dry_run))
    return [row for row in found if row]


def _agreed(
    engine: Engine, machine: Machine, snapshot: Snapshot, old: Record | None, now: dt.datetime, *, dry_run: bool
) -> Settled | None:
    stack, branch = snapshot.stack, snapshot.owner
    try:
        if not _differs(snapshot, old, now):
            return None
    except OperationError:
        # Its outputs are not a preview's, which whoever looks for its end says.
        return None
    why = f"its page says {old.state}" if old and not old.over else "the page does not know it"
    if dry_run:
        return Settled(branch=branch, why=why, result="due")
    try:
        with engine.held(stack, _OPERATION), engine.locked(stack, _OPERATION):
            current = engine.snapshot(stack)
            old = read_record(machine, slug_of_stack(stack))
            if current is None or current.preview is None or not _differs(current, old, now):
                return None
            write_record(machine, record_agreed(old, current.preview))
    except LockedError:
        # Whoever holds it tells how it ends.
        return None
    except OperationError as error:
        return Settled(branch=branch, why=why, result="failed", reason=str(error))
    return Settled(branch=branch, why=why, result="mended")


def _differs(snapshot: Snapshot, old: Record | None, now: dt.datetime) -> bool:
    if snapshot.preview is None or (old and old.state == "deploying" and _young(old, now)):
        return False
    return record_agreed(old, snapshot.preview) != old


def _gone(machine: Machine, record: Record, now: dt.datetime, *, dry_run: bool) -> Settled:
    row = Settled(branch=record.branch, why=f"its page says {record.state}, and it has no stack", result="due")
    if dry_run:
        return row
    over = replace(record, state="gone", since=text_of(now), by="reap", trouble="its stack was removed")
    try:
        write_record(machine, over)
    except OperationError as error:
        return replace(row, result="failed", reason=str(error))
    return replace(row, result="mended")


def _young(record: Record, now: dt.datetime) -> bool:
    """Whether what is told of it may be about to change."""
    try:
        since = moment(record.since)
    except OperationError:
        return False
    return since is not None and now - since < UNFINISHED_FOR
