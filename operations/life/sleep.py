"""Sleep: stop a preview's containers, which gives its slot back, and keep all that it has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.workspace import Engine
from operations.find import Found, existing, machine_at
from operations.happening import Happening
from operations.life.asleep import fall_asleep
from stacks.names import PreviewName


@dataclass(frozen=True, kw_only=True)
class Slept:
    """A preview that sleeps.

    Attributes:
        name: Its names.
        url: Public address.
        since: Since when, RFC 3339.
        changed: Whether it has been awake.
        keeps_data: Whether its data are there when it wakes.
    """

    name: PreviewName
    url: str
    since: str
    changed: bool
    keeps_data: bool


def _anything(_: Found) -> None:
    """Nothing speaks against it."""


def sleep(
    engine: Engine,
    branch: str,
    told: Reporting,
    *,
    base: str = "",
    interrupts: Interrupts | None = None,
    wait_seconds: float | None = None,
    why: str = "",
    waking: str = "",
    require: Callable[[Found], None] = _anything,
) -> Slept:
    """Put the preview of a branch to sleep; one that sleeps is left so.

    Args:
        engine: The engine.
        branch: Branch name.
        told: Who is told how it goes.
        base: Base that it must run on; empty: any.
        interrupts: Signals that are held off while containers are stopped; None: somebody else sees to that.
        wait_seconds: How long to wait for another operation, where not as the engine does.
        why: Why, for those who want to know; empty: somebody has asked for it.
        waking: Slug of a preview that is woken in its stead.
        require: Raises what speaks against it, once nobody else works on the preview.

    Raises:
        NotFoundError: There is no such preview.
        RefusedError: Too many previews sleep already.
        LockedError: Another operation held it for the whole wait.
        OperationError: A container could not be stopped; it can be run again. Or what ``require`` raises.
    """
    name = PreviewName(branch)
    with engine.held(name.stack, "sleep", wait_seconds), engine.locked(name.stack, "sleep", wait_seconds):
        found = existing(engine, branch, base)
        require(found)
        machine = machine_at(engine, found.outputs.base)
        with interrupts.held_off(told.note) if interrupts else nullcontext():
            since, changed = fall_asleep(engine, machine, name, found.outputs.asleep_since, waking)
    if changed:
        told.happened(
            Happening(
                what="asleep",
                name=name,
                machine=machine,
                by=told.by,
                commit=found.outputs.commit,
                url=found.outputs.url,
                expires_at=found.outputs.end,
                why=why,
            )
        )
    return Slept(name=name, url=found.outputs.url, since=since, changed=changed, keeps_data=machine.base.keeps_data)
