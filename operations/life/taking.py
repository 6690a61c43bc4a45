"""What a deploy takes and clears away before it changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from operations.engine.snapshot import Snapshot
from operations.errors import InterruptedOperationError, OperationError, RefusedError
from operations.life.asleep import get_up
from operations.life.drift import has_drifted
from operations.life.postponed import Postponed, forget_update, is_outdated, keep_update
from operations.life.remains import forget_pending, remove_unknown
from operations.life.request import DeployRequest, require_ownership
from operations.life.room import acquire
from operations.life.slot import NoRoomError, SlotLostError, release_slot
from operations.life.work import OvertakenError, Work


@contextmanager
def untouched() -> Iterator[None]:
    """Say that nothing was changed of whatever goes wrong within, before anything is."""
    try:
        yield
    except OperationError as error:
        # Others have an end of their own.
        if type(error) is not OperationError or "Nothing was changed." in str(error):
            raise
        raise OperationError(f"{error} Nothing was changed.") from error


def take_and_clear(work: Work, request: DeployRequest, checkout: Path) -> tuple[Work, bool] | Postponed | None:
    """Take the slot and clear away what an update that died has left, while nobody else works on the stack.

    Returns:
        The work on what is there then, and whether it has drifted; None where an update finds nothing any more, or was
        kept for a wake and something newer is deployed, and what is said of one that has to wait for a slot.

    Raises:
        OvertakenError: An update that was kept for a wake finds the preview asleep again; it stays kept.
    """
    why = ""
    while True:
        with ExitStack() as leaving:
            with work.interrupts.let_in():
                work = leaving.enter_context(work.locked())
            require_ownership(work.name, request, work.before)
            if request.only_existing and not why and not work.updates:
                return None
            if request.kept_at and work.before.asleep_since:
                raise OvertakenError(
                    f"The preview of {work.name.branch!r} was put to sleep again before the update that was kept for "
                    "it could be applied: the next wake applies it."
                )
            # Between a wake and this, somebody else may have held the stack.
            if is_outdated(request, work.before):
                return None
            try:
                why = _taken_or_released(work, request)
            except NoRoomError as error:
                if not (request.only_existing and work.before.asleep_since):
                    raise
                keep_update(work, request, checkout)
                return Postponed(name=work.name, url=work.name.url(work.machine.base), why=str(error))
            if not why:
                if work.before.asleep_since:
                    work = replace(work, before=work.engine.snapshot(work.name.stack) or Snapshot())
                return work, has_drifted(work.machine, work.name, work.before)
        work = replace(work, lost=work.before.preview or work.lost)
        work.told.note(why)
        with work.interrupts.let_in():
            work.engine.destroy(work.name.stack, work.told.step, work.require_unchanged)


def _taken_or_released(work: Work, request: DeployRequest) -> str:
    """The same as :func:`_clear_the_way`; a failure or an interruption leaves no slot that was not there before."""
    try:
        why = _clear_the_way(work, request)
        if work.interrupts.received:
            raise InterruptedOperationError(
                f"The deploy of {work.name.branch!r} was interrupted. Nothing was changed.", work.interrupts.received
            )
    except RefusedError:
        raise
    except (Exception, InterruptedOperationError):
        # The machine may have taken it before the connection to it broke.
        if not work.before.has_slot:
            with suppress(OperationError):
                release_slot(work.machine, work.name.slug, work.name.branch)
        raise
    return why


def _clear_the_way(work: Work, request: DeployRequest) -> str:
    """Take the slot, and clear away what the state does not know; says why all else has to go too, if it has."""
    why = ""
    if work.before.ids and not work.updates:
        # No deploy ever ended: a database may be half initialised, and nothing is worth keeping.
        why = "removing what a first deploy that died has left"
    try:
        # First: the machine knows whose the slug is even where the state is lost.
        # Who pushes to a branch does not put another one's preview to sleep.
        with untouched():
            acquire(work, make_room=not request.only_existing)
        if work.before.asleep_since:
            work.told.note("waking it")
            get_up(work)
            # This one is newer.
            forget_update(work)
    except SlotLostError as error:
        why = f"{error} Removing what is left of it"
    for name in remove_unknown(work.machine, work.name.slug, work.before):
        work.told.note(f"removed {name}, left by an update that died")
    forget_pending(work.engine, work.name.stack, work.before)
    for state in () if why else work.machine.docker.remove_broken(work.name.slug):
        work.told.note(f"{state}: making it anew")
    return why
