"""Scheduled sleep: puts previews to sleep that nobody has looked at for long."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from operations.engine.events import Reporting, no_steps
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, NotFoundError, OperationError
from operations.find import Found, machine_at
from operations.happening import Hears
from operations.life.holders import Holder, branch_of, holders, idle, stacks_of
from operations.life.sleep import sleep
from operations.upkeep.settled import Reaped, StaysError, reason_of
from stacks.names import stack_of


def put_idle_to_sleep(
    engine: Engine,
    base: str,
    hours: int,
    now: dt.datetime,
    on_note: Callable[[str], None],
    happened: Hears,
    *,
    dry_run: bool,
) -> list[Reaped]:
    """Put to sleep what nobody has looked at for some hours, one after the other; one failure never stops the others.

    Never one that is kept, or that was deployed in the last two hours.

    Args:
        engine: The engine, which waits for nobody.
        base: Base whose previews are meant.
        hours: How long.
        now: The present.
        on_note: Told in words what is going on.
        happened: Told what has become of each preview.
        dry_run: Only say what would be done.

    Returns:
        What became of each preview that was due.

    Raises:
        OperationError: The base cannot be read, or its machine does not answer.
    """
    machine = machine_at(engine, base)
    found = holders(machine)
    stacks = stacks_of(engine, [one for one in found if one.takes_slot])
    due, done = [], []
    for one in found:
        try:
            if _is_due(one, stacks, hours, now):
                due.append(one)
        except OperationError as error:
            done.append(replace(_reaped(one, stacks, hours), result="failed", reason=str(error)))

    def still_due(known: Found) -> None:
        slug = known.name.slug
        if not any(one.slug == slug and _is_due(one, {slug: known.snapshot}, hours, now) for one in holders(machine)):
            raise StaysError("it was deployed, kept, looked at or put to sleep meanwhile")

    rows = [_reaped(one, stacks, hours) for one in sorted(due, key=lambda one: one.idle_since)]
    return done + (rows if dry_run else [_asleep(engine, row, still_due, on_note, happened) for row in rows])


def _is_due(one: Holder, stacks: Mapping[str, Snapshot], hours: int, now: dt.datetime) -> bool:
    return bool(idle([one], stacks, now)) and now - one.idle_since >= dt.timedelta(hours=hours)


def _reaped(one: Holder, stacks: Mapping[str, Snapshot], hours: int) -> Reaped:
    branch = branch_of(one, stacks)
    return Reaped(stack=stack_of(one.slug), branch=branch, why=f"nobody looked for {hours} h", result="due")


def _asleep(
    engine: Engine, due: Reaped, still_due: Callable[[Found], None], on_note: Callable[[str], None], happened: Hears
) -> Reaped:
    started = time.monotonic()
    told = Reporting(step=no_steps, note=on_note, happened=happened, by="reap")
    on_note(f"{due.branch}: {due.why}, putting it to sleep")
    try:
        sleep(engine, due.branch, told, wait_seconds=0, why=due.why, require=still_due)
    except (LockedError, NotFoundError, StaysError) as error:
        # Somebody works on it, has destroyed it, or wants it awake.
        return replace(due, result="skipped", reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one keeps it from no other
        return replace(due, result="failed", reason=reason_of(error))
    return replace(due, result="asleep", seconds=round(time.monotonic() - started, 1))
