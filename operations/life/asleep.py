"""How a preview falls asleep and gets up again, for whoever holds its stack's lock.

What is asleep has stopped containers, keeps its data and its files, and takes no slot. Its stack records since when
*before* the first container is stopped, and that it is awake only once all have been started: whoever comes after an
operation that was killed finds it asleep, and does the rest.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from components.host_scripts import script
from operations.at_once import at_once
from operations.engine.snapshot import STACK
from operations.engine.workspace import Engine
from operations.errors import InterruptedOperationError, OperationError, RefusedError
from operations.life.haste import hastened
from operations.life.slot import REFUSED
from operations.life.work import Work
from operations.machine.access import Machine
from operations.machine.shell import ScriptError
from stacks.names import PreviewName


def fall_asleep(
    engine: Engine, machine: Machine, name: PreviewName, recorded: str, waking: str = ""
) -> tuple[str, bool]:
    """Stop a preview's containers; that gives its slot back. Can be run again.

    Args:
        engine: The engine; the stack's lock is held.
        machine: The preview's machine.
        name: The preview.
        recorded: Since when it sleeps by its stack's record; empty where it is awake.
        waking: Slug of a preview that is woken in its stead, and does not count among those that sleep.

    Returns:
        Since when it sleeps, RFC 3339, and whether it has been awake in any way.

    Raises:
        RefusedError: Too many sleep already, or the slot is another branch's.
        OperationError: The machine or its Docker does not do it; it can be run again.
    """
    slot = machine.base.slot(name.slug, name.branch)
    try:
        asked = {**slot.environment, "MAX_ASLEEP": str(machine.base.max_asleep), "WAKING": waking}
        since = machine.run(script("mark_asleep"), asked).strip()
    except ScriptError as error:
        if error.code == REFUSED:
            raise RefusedError(f"{error} Nothing was changed.") from error
        raise
    if since != recorded:
        _record(engine, name.stack, since)
    stopped = machine.docker.stop_all(name.slug)
    return since, stopped or since != recorded


def get_up(work: Work) -> bool:
    """Start the containers of a preview that has its slot; wait until they are well, or will not become it.

    Args:
        work: The operation; the stack's lock is held, and nothing interrupts it.

    Returns:
        Whether it had been asleep in any way.

    Raises:
        InterruptedOperationError: Somebody asked to stop; it sleeps again.
        OperationError: The machine or its Docker does not do it; it sleeps again, or can be put to sleep.
    """
    recorded, docker, slug = work.before.asleep_since, work.machine.docker, work.name.slug

    def give_up() -> bool:
        return bool(work.interrupts.received)

    try:
        if recorded and any(state.runs for state in docker.of_slug(slug)):
            # An operation was killed, and what seems to run Docker may still be stopping.
            docker.stop_all(slug)
        with hastened(docker, slug):
            # Each waits for what it needs by itself.
            stopped = [state for state in docker.of_slug(slug) if state.status in ("exited", "created")]
            at_once(docker.start, stopped)
            docker.unwell(slug, give_up=give_up)
        if recorded and give_up():
            raise InterruptedOperationError(
                f"The {work.operation} of {work.name.branch!r} was interrupted: it sleeps as before.",
                work.interrupts.received,
            )
        if recorded:
            _record(work.engine, work.name.stack, "")
    except (Exception, InterruptedOperationError):
        if recorded:
            with suppress(OperationError):
                fall_asleep(work.engine, work.machine, work.name, recorded)
        raise
    return bool(stopped or recorded)


def _record(engine: Engine, stack: str, since: str) -> None:
    def change(deployment: dict[str, Any]) -> None:
        for row in deployment["resources"]:
            if row["type"] == STACK:
                row["outputs"]["asleep_since"] = since

    engine.edit(stack, change)
