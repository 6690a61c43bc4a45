"""Wake: take a slot, start a preview's containers, and apply what an update has asked for meanwhile."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from components.services import by_key
from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import EngineError, InterruptedOperationError, LockedError, OperationError, UnhealthyError
from operations.find import existing, machine_at
from operations.happening import Happening, What
from operations.life.asleep import get_up
from operations.life.deploy import deploy
from operations.life.ending import tell, unwell_of
from operations.life.last_words import last_words, said_of, secrets_of
from operations.life.postponed import fetch_update, forget_update, remove_others
from operations.life.request import DeployRequest
from operations.life.restore import put_back
from operations.life.room import acquire
from operations.life.slot import SlotLostError
from operations.life.work import Work
from stacks.names import PreviewName


@dataclass(frozen=True, kw_only=True)
class Woken:
    """A preview that is awake.

    Attributes:
        name: Its names.
        url: Public address.
        changed: Whether it had been asleep.
        updated: Commit of the update that was kept for it and is applied; None where there was none.
    """

    name: PreviewName
    url: str
    changed: bool
    updated: str | None


def wake(
    engine: Engine, checkout: Path, branch: str, interrupts: Interrupts, told: Reporting, *, base: str = ""
) -> Woken:
    """Wake the preview of a branch; one that is awake is left so.

    Args:
        engine: The engine.
        checkout: Root of the project.
        branch: Branch name.
        interrupts: Says whether somebody wants it to stop.
        told: Who is told how it goes.
        base: Base that it must run on; empty: any.

    Raises:
        NotFoundError: There is no such preview.
        RefusedError: There is no room for it; it sleeps on.
        UnhealthyError: It is awake, but a container is not well, or the update that was kept has been taken back.
        LockedError: Another operation held it for the whole wait.
        InterruptedOperationError: Somebody asked to stop; it sleeps again.
        OperationError: Anything else.
    """
    name = PreviewName(branch)
    with engine.held(name.stack, "wake"):
        found = existing(engine, branch, base)
        work = Work(
            engine=engine,
            machine=machine_at(engine, found.outputs.base),
            name=name,
            before=found.snapshot,
            told=told,
            interrupts=interrupts,
            operation="wake",
        )
        with interrupts.held_off(told.note):
            changed = _awaken(work, base)
            complete = {state.service for state in work.machine.docker.of_slug(name.slug)} >= set(by_key())
            if not complete:
                told.note("making containers anew that are gone")
                _make_anew(work)
        unwell = unwell_of(work)
        now = existing(engine, branch, base)
        outputs = now.outputs
        if changed:
            told.happened(
                Happening(
                    what="live",
                    name=name,
                    machine=work.machine,
                    by=told.by,
                    commit=outputs.commit,
                    url=outputs.url,
                    expires_at=outputs.end,
                )
            )
        asked = fetch_update(replace(work, before=now.snapshot))
    applied = asked is not None and _apply(work, checkout, asked)
    if unwell and not applied:
        secrets = secrets_of(engine, name.stack)
        raise UnhealthyError(
            f"The preview of {branch!r} is awake, but {unwell}: deploy it again, which mends that.",
            last_words(work.machine, name.slug, secrets, container_failed=True),
        )
    return Woken(name=name, url=outputs.url, changed=changed, updated=asked.commit if asked and applied else None)


def _apply(work: Work, checkout: Path, asked: DeployRequest) -> bool:
    """Deploy an update that was kept; says whether it is live."""
    told = work.told
    told.note(f"applying the update to {asked.commit or 'a commit without a name'} that was kept for it")
    heard: list[What] = []

    def hear(happening: Happening) -> None:
        heard.append(happening.what)
        told.happened(happening)

    try:
        done = deploy(work.engine, checkout, asked, work.interrupts, replace(told, happened=hear))
    except (LockedError, InterruptedOperationError):
        # It has not been tried.
        raise
    except OperationError as error:
        forget_update(work, asked)
        if not heard:
            # Refused before it began, which a deploy says only to who asks for it: he has gone long ago.
            tell(work, asked, "rolled back", error)
        raise
    forget_update(work, asked)
    if done is None:
        told.note("the update that was kept is left out: a newer one was deployed meanwhile, or the preview destroyed")
    else:
        remove_others(work, asked)
    return done is not None


def _make_anew(work: Work) -> None:
    try:
        put_back(replace(work, before=work.engine.snapshot(work.name.stack) or Snapshot()))
    except EngineError as error:
        raise OperationError(said_of(error, secrets_of(work.engine, work.name.stack))) from error


def _awaken(work: Work, base: str) -> bool:
    with ExitStack() as leaving:
        with work.interrupts.let_in():
            work = leaving.enter_context(work.locked())
        # Somebody may have destroyed it meanwhile.
        existing(work.engine, work.name.branch, base)
        try:
            acquire(work, make_room=True)
        except SlotLostError as error:
            raise OperationError(f"{error} What it had is gone too: deploy it again, or destroy it.") from error
        return get_up(work)
