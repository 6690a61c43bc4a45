"""Warns of the end of previews: once for each preview and end."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Collection

from operations.engine.events import Reporting
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, NotFoundError, OperationError
from operations.find import existing
from operations.happening import What
from operations.upkeep.expiry import WARNED_BEFORE, ends_at, happening, record
from operations.upkeep.settled import Settled
from stacks.moments import text_of

_ENDS_SOON: What = "ends soon"


def warn(
    engine: Engine, previews: Collection[Snapshot], now: dt.datetime, told: Reporting, *, dry_run: bool
) -> list[Settled]:
    """Tell of those that end within the next hours, and remember it with each.

    Args:
        engine: The engine.
        previews: States of the previews that are meant.
        now: The present.
        told: Who is told.
        dry_run: Only say which ones it would be.

    Returns:
        What became of each.
    """
    found = []
    for snapshot in previews:
        branch = snapshot.owner
        try:
            if not _end_to_tell(engine, snapshot, now):
                continue
            result = Settled(branch=branch, why=_ENDS_SOON, result="due" if dry_run else "told")
            if not dry_run and not _told(engine, snapshot.stack, branch, now, told):
                continue
        except LockedError as error:
            result = Settled(branch=branch, why=_ENDS_SOON, result="skipped", reason=str(error))
        except NotFoundError:
            continue
        except OperationError as error:
            result = Settled(branch=branch, why=_ENDS_SOON, result="failed", reason=str(error))
        found.append(result)
    return found


def _end_to_tell(engine: Engine, snapshot: Snapshot, now: dt.datetime) -> str:
    """The end that is to be warned of; empty where there is none yet, or it was told."""
    end = ends_at(engine, snapshot) if snapshot.preview else None
    if end is None or snapshot.preview is None or not now < end <= now + WARNED_BEFORE:
        return ""
    return "" if snapshot.preview.warned_for == text_of(end) else text_of(end)


def _told(engine: Engine, stack: str, branch: str, now: dt.datetime, told: Reporting) -> bool:
    with engine.held(stack, "warning"), engine.locked(stack, "warning"):
        found = existing(engine, branch)
        end = _end_to_tell(engine, found.snapshot, now)
        if not end:
            return False
        record(engine, stack, {"warned_for": end})
    name = shlex.quote(branch)
    why = f"./preview extend {name} --hours 24 gives it a day more, ./preview keep {name} keeps it"
    told.happened(happening(engine, found, told, _ENDS_SOON, why))
    return True
