"""When a preview ends, and how that is moved."""

from __future__ import annotations

import datetime as dt
from typing import Any

from operations.engine.snapshot import STACK, Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.find import existing
from stacks.moments import text_of
from stacks.names import PreviewName
from stacks.settings import PreviewSettings

UNFINISHED_FOR = dt.timedelta(hours=1)
"""How long a preview whose first deploy never ended is left alone."""


def moment(text: str) -> dt.datetime | None:
    """A time as outputs and the backend write it; None where there is none.

    Raises:
        OperationError: It is no time, or does not say of which zone.
    """
    try:
        time = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        time = None
    if text and (time is None or time.tzinfo is None):
        raise OperationError(f"{text!r} in the stack's state is no RFC 3339 time: deploy the preview again.")
    return time


def ends_at(engine: Engine, snapshot: Snapshot) -> dt.datetime | None:
    """When a preview ends; None where no deploy of it ever succeeded and nothing is known of its age.

    Args:
        engine: The engine.
        snapshot: State of its stack.

    Raises:
        EngineError: The backend cannot be read.
    """
    preview = snapshot.preview
    if preview is None:
        saved = moment(snapshot.saved_at)
        return saved + UNFINISHED_FOR if saved else None
    if recorded := moment(preview.expires_at):
        return recorded
    # Brought up by a plain `pulumi up`, which says no time: its history does.
    succeeded = moment(engine.last_good_end(snapshot.stack))
    return succeeded + dt.timedelta(hours=int(PreviewSettings.model_fields["ttl_hours"].default)) if succeeded else None


def extend(engine: Engine, branch: str, hours: int, now: dt.datetime, base: str = "") -> dt.datetime:
    """Move the end of a branch's preview; of one that has expired, counted from now.

    Nothing of the preview changes: only what its stack records.

    Args:
        engine: The engine.
        branch: Branch name.
        hours: By how much.
        now: The present.
        base: Base that it must run on; empty: any.

    Returns:
        The new end.

    Raises:
        NotFoundError: There is no such preview.
        LockedError: Another operation held it for the whole wait.
        OperationError: The backend refuses.
    """
    stack = PreviewName(branch).stack
    with engine.held(stack, "extend"), engine.locked(stack, "extend"):
        found = existing(engine, branch, base)
        end = max(ends_at(engine, found.snapshot) or now, now) + dt.timedelta(hours=hours)

        def move(deployment: dict[str, Any]) -> None:
            for row in deployment["resources"]:
                if row["type"] == STACK:
                    row["outputs"]["expires_at"] = text_of(end)

        engine.edit(stack, move)
        engine.reconfigure(stack, {"expiresAt": text_of(end)})
    return end
