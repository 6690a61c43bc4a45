"""Leaves things in order after a deploy that failed: nothing of a first one, the last good version after an update."""

from __future__ import annotations

import tempfile
from pathlib import Path

from operations.errors import OperationError
from operations.life.remains import forget_pending, remove_unknown
from operations.life.slot import release_slot
from operations.life.work import OvertakenError, Work


def undo(work: Work) -> str:
    """Undo what a deploy has done.

    Returns:
        What was done, as a sentence; also where it could not be done.
    """
    try:
        if work.updates:
            work.told.note("putting the last good version back")
            _put_back(work)
            return "The last good version is running again."
        work.told.note("removing what was made")
        _remove_all(work)
    except OvertakenError as error:
        return str(error)
    except OperationError as error:
        what = "The last good version could not be put back" if work.updates else "Not all could be removed"
        return f"{what}: {error} Deploy again, or destroy the preview."
    return "Everything that was made has been removed again."


def _remove_all(work: Work) -> None:
    with work.locked() as found:
        made = found.before
        work.require_unchanged(made)
        # First: a container that no state knows holds volumes and a network that the state does.
        remove_unknown(work.machine, work.name.slug, made)
        if not made.has_slot:
            release_slot(work.machine, work.name.slug, work.name.branch)
    if made.stack:
        work.engine.destroy(work.name.stack, work.told.step, work.require_unchanged)


def _put_back(work: Work) -> None:
    """Update a preview to what it was: configuration from the stack's history, files from the host's good copy."""
    engine, stack = work.engine, work.name.stack
    values = dict(engine.last_good_values(stack))
    if not values:
        raise OperationError(f"The history of the stack {stack!r} has no update that succeeded.")
    values.pop("restoreDirectory", None)
    # Extending moves the end without an update.
    values["expiresAt"] = work.before.preview.expires_at if work.before.preview else ""
    with work.locked() as found:
        work.require_unchanged(found.before)
        remove_unknown(work.machine, work.name.slug, found.before)
        forget_pending(engine, stack, found.before)
    with tempfile.TemporaryDirectory(prefix="pgai-good-") as folder:
        work.machine.fetch(f"{work.machine.base.directory(work.name.slug)}/good", Path(folder))
        engine.configure(stack, {**values, "restoreDirectory": folder})
        try:
            engine.up(stack, work.told.step, refresh=True, require=work.require_unchanged)
        finally:
            engine.configure(stack, values)
