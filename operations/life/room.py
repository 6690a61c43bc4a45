"""Takes a preview's slot; at the limit another preview can be put to sleep for it."""

from __future__ import annotations

import datetime as dt
import shlex

from operations.errors import LockedError, NotFoundError, RefusedError
from operations.life.asleep import fall_asleep
from operations.life.holders import holders, idle, refusal_of, stacks_of
from operations.life.sleep import sleep
from operations.life.slot import FullError, NodesFullError, NoRoomError, acquire_slot, release_slot
from operations.life.work import Work

_UNCHANGED = " Nothing was changed."


def acquire(work: Work, *, make_room: bool) -> None:
    """Take the slot of a preview.

    Args:
        work: The operation; the stack's lock is held.
        make_room: Whether another preview may be put to sleep for it, where its base says so (``whenFull``).

    Raises:
        FullError: All slots are taken; says by whom, since when nobody looked, and how one gets free.
        NodesFullError: There is a slot, but no machine of a cluster has room for a service; says what each lacks.
        NoRoomError: Disk or memory are short.
        RefusedError: Another branch owns the slug.
        SlotLostError: It should be there, and is not.
        OperationError: The machine cannot be reached.
    """
    slept: list[str] = []
    try:
        _acquire(work, slept, make_room=make_room)
    except NoRoomError as error:
        if not slept:
            raise
        said = str(error).removesuffix(_UNCHANGED)
        woken = "; ".join(f"./preview wake {shlex.quote(branch)}" for branch in slept)
        raise type(error)(f"{said} What was put to sleep for it sleeps on until somebody wakes it: {woken}.") from error


def _acquire(work: Work, slept: list[str], *, make_room: bool) -> None:
    machine, spared = work.machine, {work.name.slug}
    while True:
        try:
            acquire_slot(machine, work.name, known=work.before.has_slot)
            return _require_place(work)
        except FullError as full:
            found = holders(machine)
            stacks = stacks_of(work.engine, [one for one in found if one.takes_slot])
            why = ""
            if make_room and machine.base.when_full == "sleep":
                chosen = [one for one in idle(found, stacks, dt.datetime.now(dt.UTC)) if one.slug not in spared]
                if chosen:
                    spared.add(chosen[0].slug)
                    if not (why := _put_to_sleep(work, chosen[0].branch, slept)):
                        continue
                else:
                    why = "None of them may be put to sleep: kept, deployed in the last 2 h, or at work."
            said = refusal_of(work.engine, machine, work.name.branch, found, stacks)
            raise FullError(" ".join(filter(None, [said, why, "Nothing was changed."]))) from full


def _require_place(work: Work) -> None:
    """Refuse what no machine of a cluster has room for, and give back what was taken for it.

    Slots are taken one after the other, so of two deploys at once only the later one counts what the other has not made
    yet.
    """
    machine, name = work.machine, work.name

    def ahead() -> list[str]:
        taken = {one.slug: (one.taken_at, one.slug) for one in holders(machine) if one.takes_slot}
        own = taken.get(name.slug, ("", ""))
        return [slug for slug, since in taken.items() if since < own]

    if not (lacking := machine.docker.shortage(name.slug, ahead)):
        return
    if work.before.asleep_since:
        fall_asleep(work.engine, machine, name, work.before.asleep_since)
    elif not work.before.has_slot:
        release_slot(machine, name.slug, name.branch)
    raise NodesFullError(
        f"There is no room in the cluster for the preview of branch {name.branch!r}: {lacking}. Put a "
        "preview to sleep (./preview list), add a worker (pulumi config set workers), or see that all nodes are ready "
        "(docker node ls). Nothing was changed."
    )


def _put_to_sleep(work: Work, branch: str, slept: list[str]) -> str:
    """Put another preview to sleep, and note it; says why that cannot help, if so."""
    why = f"no slot was free for {work.name.branch}"
    try:
        sleep(work.engine, branch, work.told, wait_seconds=0, why=why, waking=work.name.slug)
    except (LockedError, NotFoundError):
        # Somebody works on it, so it is wanted; or has destroyed it meanwhile, so there may be a slot.
        return ""
    except RefusedError as error:
        return str(error).removesuffix(_UNCHANGED)
    slept.append(branch)
    work.told.note(f"put the preview of {branch} to sleep, which nobody has looked at for longest")
    return ""
