"""Deploy: create a preview or update it, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import (
    EngineError,
    InterruptedOperationError,
    LockedError,
    OperationError,
    RefusedError,
)
from operations.find import base_in
from operations.life.asleep import get_up
from operations.life.drift import has_drifted
from operations.life.ending import NotWellError, keep, tell, undone, unwell_of
from operations.life.labels import mark_kept
from operations.life.left_record import remove_left_record
from operations.life.postponed import Postponed, after_kept, forget_update, keep_update
from operations.life.remains import forget_pending, remove_unknown
from operations.life.request import (
    DeployRequest,
    images_of,
    require_configuration,
    require_ownership,
    values_of,
)
from operations.life.room import acquire
from operations.life.slot import NoRoomError, SlotLostError, release_slot
from operations.life.watch import watched
from operations.life.work import Work
from operations.machine.access import machine_of
from stacks.names import PreviewName
from stacks.outputs import BaseOutputs


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A preview that is up.

    Attributes:
        name: Its names.
        url: Public address.
        created: Whether it is new.
        changes: What the engine did.
        base: What its base hands on.
    """

    name: PreviewName
    url: str
    created: bool
    changes: Changes
    base: BaseOutputs


def deploy(
    engine: Engine, checkout: Path, request: DeployRequest, interrupts: Interrupts, told: Reporting
) -> Deployed | Postponed | None:
    """Create or update the preview of a branch; one that sleeps is woken first.

    Args:
        engine: The engine.
        checkout: Root of the project.
        request: What is asked for.
        interrupts: Says whether somebody wants it to stop.
        told: Who is told how it goes.

    Returns:
        The preview; None where only an existing one was to be updated and there is none. An update of a preview that
        sleeps and for which there is no slot is kept for its wake.

    Raises:
        BadInputError: Branch, commit, configuration directory or images cannot be used.
        RefusedError: Another branch owns the slug, an image cannot be pulled, or there is no room.
        UnhealthyError: A container did not become healthy, or something failed that nobody had thought of. A new
            preview has been removed again, an update has been taken back, if the message does not say otherwise.
        LockedError: Another operation held the preview for the whole wait.
        InterruptedOperationError: Somebody asked it to stop; the same has been done.
        OperationError: Anything else.
    """
    name = PreviewName(request.branch)
    with engine.held(name.stack, "deploy"), _program_loaded():
        if request.only_existing and _is_absent(engine, name):
            return None
        of_base, before = engine.snapshots([request.base, name.stack])
        work = Work(
            engine=engine,
            machine=machine_of(base_in(of_base, request.base)),
            name=name,
            before=before or Snapshot(),
            told=told,
            interrupts=interrupts,
        )
        if work.before.asleep_since:
            request = after_kept(work, request)
        image_ids = _check(work, request, checkout)
        # From here to the end of undoing nothing is left half done, or a slot half taken, by a signal.
        with interrupts.held_off(told.note):
            acquired = _acquire(work, request, checkout)
            if isinstance(acquired, Postponed):
                return acquired
            if acquired is None:
                return None
            work, drifted = acquired
            values = {**values_of(request, work.before.preview, checkout), "imageIds": image_ids, "deployedBy": told.by}
            tell(work, request, "deploying")
            try:
                if values["kept"] or (work.before.preview and work.before.preview.kept):
                    mark_kept(work.machine, name.slug, kept=bool(values["kept"]))
                with interrupts.let_in():
                    changes = _apply(work, values, drifted=drifted)
            except LockedError:
                raise
            except (Exception, InterruptedOperationError) as error:
                said = undone(work, error)
                tell(work, request, "rolled back" if work.updates else "failed", said)
                raise said from error
        # It stands either way: nobody shall go on to read that it is under way.
        tell(work, request, "live")
        keep(work)
    base = work.machine.base
    return Deployed(name=name, url=name.url(base), created=not work.updates, changes=changes, base=base)


@contextmanager
def _program_loaded() -> Iterator[None]:
    """Load the program's modules meanwhile: it takes as long as reading two states, which other processes do."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(import_module, "stacks.preview")
        yield


def _is_absent(engine: Engine, name: PreviewName) -> bool:
    """Whether the branch has no preview: its own stack is asked alone, for nothing else matters then."""
    snapshot = engine.snapshot(name.stack)
    return snapshot is None or snapshot.preview is None or snapshot.preview.branch != name.branch


def _check(work: Work, request: DeployRequest, checkout: Path) -> Mapping[str, str]:
    """Refuse what cannot be deployed before anything is touched or held; returns the images' ids by their names."""
    require_ownership(work.name, request, work.before)
    for note in require_configuration(request, checkout, work.machine.base.plugins):
        work.told.note(note)
    images = images_of(values_of(request, work.before.preview, checkout))
    for reference in work.machine.docker.require_images(images):
        work.told.note(f"pulling {reference}")
    # A tag may lead to another image tomorrow, and by then to none that has ever run here.
    return work.machine.docker.use_images(images)


def _acquire(work: Work, request: DeployRequest, checkout: Path) -> tuple[Work, bool] | Postponed | None:
    """Take the slot and clear away what an update that died has left, while nobody else works on the stack.

    Returns:
        The work on what is there then, and whether it has drifted; None where an update finds nothing any more, and
        what is said of one that has to wait for a slot.
    """
    why = ""
    while True:
        with ExitStack() as leaving:
            with work.interrupts.let_in():
                work = leaving.enter_context(work.locked())
            require_ownership(work.name, request, work.before)
            if request.only_existing and not why and not work.updates:
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
                labels = work.machine.base.edge_network
                return work, has_drifted(work.machine.docker, work.name.slug, labels, work.before)
        work.told.note(why)
        with work.interrupts.let_in():
            work.engine.destroy(work.name.stack, work.told.step, work.require_unchanged)


def _taken_or_released(work: Work, request: DeployRequest) -> str:
    """The same as :func:`_take_and_clear`; a failure or an interruption leaves no slot that was not there before."""
    try:
        why = _take_and_clear(work, request)
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


def _take_and_clear(work: Work, request: DeployRequest) -> str:
    """Take the slot, and clear away what the state does not know; says why all else has to go too, if it has."""
    why = ""
    if work.before.ids and not work.updates:
        # No deploy ever ended: a database may be half initialised, and nothing is worth keeping.
        why = "removing what a first deploy that died has left"
    try:
        # First: the machine knows whose the slug is even where the state is lost.
        # Who pushes to a branch does not put another one's preview to sleep.
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


def _apply(work: Work, values: Mapping[str, Any], *, drifted: bool) -> Changes:
    """``pulumi up``; a new preview with a container that is not well has failed too."""
    if work.is_new:
        work.engine.create(work.name.stack)
    work.engine.configure(work.name.stack, values)

    def up() -> Changes:
        return watched(
            work.machine.docker,
            work.name.slug,
            interrupt=work.engine.process.interrupt,
            update=lambda: work.engine.up(
                work.name.stack, work.told.step, refresh=drifted, require=work.require_unchanged
            ),
        )

    try:
        changes = up()
    except EngineError as error:
        if not remove_left_record(work, error):
            raise
        changes = up()
    if not work.updates and (unwell := unwell_of(work)):
        raise NotWellError(f"{unwell}.")
    return changes
