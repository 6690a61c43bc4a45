"""Deploy: create a preview or update it, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import EngineError, InterruptedOperationError, LockedError
from operations.find import base_in
from operations.life.ending import NotWellError, keep, tell, undone, unwell_of
from operations.life.haste import hastened_update
from operations.life.labels import mark_kept
from operations.life.left_record import remove_left_record
from operations.life.postponed import Postponed, after_kept
from operations.life.request import (
    DeployRequest,
    images_of,
    require_configuration,
    require_ownership,
    settings_of,
    values_of,
)
from operations.life.settled import Settled
from operations.life.taking import take_and_clear, untouched
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
        The preview; None where only an existing one was to be updated and there is none, or where what was kept for a
        wake is older than what is deployed. An update of a preview that sleeps and for which there is no slot is kept
        for its wake.

    Raises:
        BadInputError: Branch, commit, configuration directory or images cannot be used.
        RefusedError: Another branch owns the slug, an image cannot be pulled, or there is no room.
        UnhealthyError: A container did not become healthy, or something failed that nobody had thought of. A new
            preview has been removed again, an update has been taken back, if the message does not say otherwise.
        LockedError: Another operation held the preview for the whole wait.
        InterruptedOperationError: Somebody asked it to stop; the same has been done, but of an update that was made.
        OperationError: Anything else.
    """
    name = PreviewName(request.branch)
    settled = Settled(engine, name.stack, checkout, request.config_directory)
    # The program's modules take as long to load as two states to be read, which other processes do.
    load = partial(import_module, "stacks.preview")
    with engine.held(name.stack, "deploy"), nullcontext() if settled.likely else _meanwhile(load):
        if request.only_existing and _is_absent(engine, name):
            return None
        with untouched():
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
                settled = Settled(engine, name.stack, checkout, request.config_directory)
            image_ids = _check(work, request, checkout)
        # From here to the end of undoing nothing is left half done, or a slot half taken, by a signal.
        with interrupts.held_off(told.note):
            acquired = take_and_clear(work, request, checkout)
            if isinstance(acquired, Postponed):
                return acquired
            if acquired is None:
                return None
            work, drifted = acquired
            known = work.before.preview or work.lost
            values = {**values_of(request, known, checkout), "imageIds": image_ids, "deployedBy": told.by}
            work = replace(work, records=settings_of(values).recorded(work.machine.base))
            try:
                if values["kept"] or (known and known.kept):
                    mark_kept(work.machine, name.slug, kept=bool(values["kept"]))
                # GitLab's answers may take seconds.
                with _meanwhile(lambda: tell(work, request, "deploying")):
                    changes = _apply(work, values, settled, drifted=drifted)
            except LockedError:
                raise
            except (Exception, InterruptedOperationError) as error:
                said, became = undone(work, error)
                tell(work, request, became, said if became != "live" else None)
                raise said from error
        # It stands either way: nobody shall go on to read that it is under way.
        tell(work, request, "live")
        keep(work)
    base = work.machine.base
    return Deployed(name=name, url=name.url(base), created=not work.updates, changes=changes, base=base)


@contextmanager
def _meanwhile(do: Callable[[], object]) -> Iterator[None]:
    """Do something beside the block, which ends when both have."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(do)
        yield
    done.result()


def _is_absent(engine: Engine, name: PreviewName) -> bool:
    """Whether the branch has no preview: its own stack is asked alone, for nothing else matters then."""
    snapshot = engine.snapshot(name.stack)
    return snapshot is None or snapshot.preview is None or snapshot.preview.branch != name.branch


def _check(work: Work, request: DeployRequest, checkout: Path) -> Mapping[str, str]:
    """Refuse what cannot be deployed before anything is touched or held; returns the images' ids by their names."""
    require_ownership(work.name, request, work.before)
    for note in require_configuration(request, checkout, work.machine.base):
        work.told.note(note)
    images = images_of(values_of(request, work.before.preview, checkout))
    # A tag may lead to another image tomorrow, and by then to none that has ever run here.
    return work.machine.docker.use_images(images, lambda reference: work.told.note(f"pulling {reference}"))


def _apply(work: Work, values: Mapping[str, Any], settled: Settled, *, drifted: bool) -> Changes:
    """Make the update; a new preview with a container that is not well has failed too.

    It may be interrupted while it is made. Once it is, it is what undoing would go back to.
    """
    let_in = work.interrupts.let_in
    if not drifted:
        with let_in():
            recorded = settled.only_recorded(work, values)
        if recorded:
            return recorded
    if work.is_new:
        # Without a run of the engine, which would mostly derive a key from the passphrase.
        with let_in(), work.engine.locked(work.name.stack, work.operation):
            work.engine.add(work.name.stack, like=values["base"])
    work.engine.configure(work.name.stack, values)

    def update() -> Changes:
        with let_in():
            return work.engine.up(work.name.stack, work.told.step, refresh=drifted, require=work.require_unchanged)

    def up() -> Changes:
        with hastened_update(work):
            return watched(work.machine.docker, work.name.slug, work.engine.process.interrupt, update)

    try:
        changes = up()
    except EngineError as error:
        if not remove_left_record(work, error):
            raise
        changes = up()
    settled.keep(work, values)
    if not work.updates:
        with let_in():
            unwell = unwell_of(work)
        if unwell:
            raise NotWellError(f"{unwell}.")
    return changes
