"""Scheduled sleep: puts previews to sleep that nobody has looked at for long."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace

from operations.engine.events import Reporting, no_steps
from operations.engine.workspace import Engine
from operations.errors import LockedError, NotFoundError, OperationError
from operations.find import machine_at
from operations.happening import Hears
from operations.life.holders import Holder, holders, idle, stacks_of
from operations.life.sleep import sleep
from operations.upkeep.settled import Reaped
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
    found = holders(machine_at(engine, base))
    stacks = stacks_of(engine, [one for one in found if one.takes_slot])
    due = [one for one in idle(found, stacks, now) if now - one.idle_since >= dt.timedelta(hours=hours)]
    done = [_reaped(one, hours) for one in due]
    return done if dry_run else [_asleep(engine, one, on_note, happened) for one in done]


def _reaped(one: Holder, hours: int) -> Reaped:
    return Reaped(stack=stack_of(one.slug), branch=one.branch, why=f"nobody looked for {hours} h", result="due")


def _asleep(engine: Engine, due: Reaped, on_note: Callable[[str], None], happened: Hears) -> Reaped:
    started = time.monotonic()
    told = Reporting(step=no_steps, note=on_note, happened=happened, by="reap")
    on_note(f"{due.branch}: {due.why}, putting it to sleep")
    try:
        sleep(engine, due.branch, told, wait_seconds=0, why=due.why)
    except (LockedError, NotFoundError) as error:
        # Somebody works on it, or has destroyed it meanwhile.
        return replace(due, result="skipped", reason=str(error))
    except OperationError as error:
        return replace(due, result="failed", reason=str(error))
    return replace(due, result="asleep", seconds=round(time.monotonic() - started, 1))
