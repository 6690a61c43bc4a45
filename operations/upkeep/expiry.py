"""When a preview ends, and how that is moved: by hours, or for as long as it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydantic.alias_generators import to_camel

from operations.engine.events import Reporting
from operations.engine.snapshot import STACK, Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError, RefusedError
from operations.find import Found, existing, machine_at
from operations.happening import Happening, What
from operations.life.labels import COMMAND, KEEP_LABEL, LABEL, NOTHING, mark_kept
from operations.machine.access import Machine
from stacks.moments import text_of
from stacks.names import PreviewName
from stacks.outputs import PreviewOutputs
from stacks.preview_settings import PreviewSettings

UNFINISHED_FOR = dt.timedelta(hours=1)
"""How long a preview whose first deploy never ended is left alone."""

WARNED_BEFORE = dt.timedelta(hours=12)
"""How long before its end a warning is given of it; a preview that is kept no longer lives as long at least."""


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
    """When a preview ends; None where it is kept, or where nothing is known of its age.

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
    return None if preview.kept else _recorded_end(engine, snapshot.stack, preview.expires_at)


def _recorded_end(engine: Engine, stack: str, expires_at: str) -> dt.datetime | None:
    if recorded := moment(expires_at):
        return recorded
    # Brought up by a plain `pulumi up`, which says no time: its history does.
    succeeded = moment(engine.last_good_end(stack))
    return succeeded + dt.timedelta(hours=int(PreviewSettings.model_fields["ttl_hours"].default)) if succeeded else None


def extend(
    engine: Engine, branch: str, hours: int, now: dt.datetime, told: Reporting, base: str = ""
) -> PreviewOutputs:
    """Move the end of a branch's preview; of one that has expired, counted from now.

    Nothing of the preview changes: only what its stack records.

    Args:
        engine: The engine.
        branch: Branch name.
        hours: By how much.
        now: The present.
        told: Who is told.
        base: Base that it must run on; empty: any.

    Returns:
        What its stack records then.

    Raises:
        NotFoundError: There is no such preview.
        LockedError: Another operation held it for the whole wait.
        OperationError: The backend refuses.
    """

    def moved(found: Found) -> dict[str, str]:
        end = _recorded_end(engine, found.name.stack, found.outputs.expires_at) or now
        return {"expires_at": text_of(max(end, now) + dt.timedelta(hours=hours))}

    changed = _changed(engine, branch, "extend", moved, base)
    _tell(engine, changed, told, "extended")
    return changed.outputs


def keep(engine: Engine, branch: str, told: Reporting, base: str = "", by: str = COMMAND) -> PreviewOutputs:
    """Keep a branch's preview beyond its end, for as long as the branch is there.

    Args:
        engine: The engine.
        branch: Branch name.
        told: Who is told.
        base: Base that it must run on; empty: any.
        by: What keeps it.

    Returns:
        What its stack records then.

    Raises:
        NotFoundError: There is no such preview.
        LockedError: Another operation held it for the whole wait.
        OperationError: The backend refuses, or the machine cannot be reached.
    """

    def kept(found: Found) -> dict[str, str]:
        mark_kept(machine_at(engine, found.outputs.base), found.name.slug, kept=True)
        # Taking the label away must not take back what the command has kept.
        return {"kept": COMMAND if COMMAND in (by, found.outputs.kept) else by}

    changed = _changed(engine, branch, "keep", kept, base)
    why = f"the label {KEEP_LABEL} keeps it" if by == LABEL else f"./preview unkeep {branch} lets it end"
    _tell(engine, changed, told, "kept", why)
    return changed.outputs


def unkeep(
    engine: Engine, branch: str, now: dt.datetime, told: Reporting, base: str = "", by: str = COMMAND
) -> PreviewOutputs:
    """Keep a branch's preview no longer: it ends when it would have, and not before a warning can be given.

    Args:
        engine: The engine.
        branch: Branch name.
        now: The present.
        told: Who is told.
        base: Base that it must run on; empty: any.
        by: What has kept it.

    Returns:
        What its stack records then.

    Raises:
        NotFoundError: There is no such preview.
        RefusedError: Something else keeps it, or nothing does.
        LockedError: Another operation held it for the whole wait.
        OperationError: The backend refuses, or the machine cannot be reached.
    """

    def let_go(found: Found) -> dict[str, str]:
        _require_kept(found.outputs, by)
        mark_kept(machine_at(engine, found.outputs.base), found.name.slug, kept=False)
        end = _recorded_end(engine, found.name.stack, found.outputs.expires_at) or now
        return {"kept": NOTHING, "expires_at": text_of(max(end, now + WARNED_BEFORE))}

    changed = _changed(engine, branch, "unkeep", let_go, base)
    _tell(engine, changed, told, "kept", "it is kept no longer")
    return changed.outputs


def _require_kept(preview: PreviewOutputs, by: str) -> None:
    if preview.kept == by:
        return
    if preview.kept == LABEL:
        raise RefusedError(
            f"The label {KEEP_LABEL} of its merge request keeps the preview of branch {preview.branch!r}: take the "
            "label away. Nothing was changed."
        )
    if preview.kept == COMMAND:
        raise RefusedError(
            f"The command ./preview keep keeps the preview of branch {preview.branch!r}, and no label: ./preview "
            "unkeep lets it end. Nothing was changed."
        )
    raise RefusedError(f"Nothing keeps the preview of branch {preview.branch!r}. Nothing was changed.")


def _changed(
    engine: Engine, branch: str, operation: str, change: Callable[[Found], Mapping[str, str]], base: str
) -> Found:
    """Change what a preview's stack records, and its configuration with it, while nobody else works on it."""
    stack = PreviewName(branch).stack
    with engine.held(stack, operation), engine.locked(stack, operation):
        found = existing(engine, branch, base)
        values = change(found)
        record(engine, stack, values)
        engine.reconfigure(stack, {to_camel(name): value for name, value in values.items()})
    return replace(found, outputs=found.outputs.model_copy(update=dict(values)))


def record(engine: Engine, stack: str, values: Mapping[str, str]) -> None:
    """Change outputs in a preview's state, whose lock is held.

    Raises:
        OperationError: The backend refuses.
    """

    def write(deployment: dict[str, Any]) -> None:
        for row in deployment["resources"]:
            if row["type"] == STACK:
                row["outputs"] |= values

    engine.edit(stack, write)


def _tell(engine: Engine, changed: Found, told: Reporting, what: What, why: str = "") -> None:
    told.happened(happening(engine, changed, told, what, why))


def happening(engine: Engine, found: Found, told: Reporting, what: What, why: str = "") -> Happening:
    """Something that has happened to the record of a preview, of which nothing else has changed."""
    known = found.outputs
    return Happening(
        what=what,
        name=found.name,
        machine=_machine(engine, known.base),
        by=told.by,
        commit=known.commit,
        url=known.url,
        expires_at=known.end,
        why=why,
    )


def _machine(engine: Engine, base: str) -> Machine | None:
    with suppress(OperationError):
        return machine_at(engine, base)
    return None
