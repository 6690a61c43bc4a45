"""Scheduled clean-up, the one owner of the life of previews: destroys those that have come to their end.

Whatever is wrong with one preview, base or lock is named, and keeps it from no other.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from operations.engine.events import Reporting, no_steps
from operations.engine.snapshot import Snapshot
from operations.engine.stack_locks import StackLock
from operations.engine.workspace import Engine
from operations.errors import LockedError, OperationError
from operations.find import base_in, bases
from operations.happening import Hears, nobody
from operations.life.destroy import DestroyRequest, destroy
from operations.listing import snapshots
from operations.review.settings import GitLab
from operations.upkeep.agree import kept_by, seen_by, settle_environments, settle_labels, why_ended
from operations.upkeep.branches import branches_of
from operations.upkeep.expiry import ends_at, moment
from operations.upkeep.gitlab import Seen
from operations.upkeep.settled import Reaped, Settled, StaysError, reason_of
from operations.upkeep.warning import warn
from stacks.names import LOCAL, STACK_PREFIX, NameRefusedError, PreviewName, slug_of_stack

_AT_ONCE = 2
_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 2
_NO_BRANCH = "branch is gone"

OnNote = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ReapRequest:
    """What is asked for.

    Attributes:
        base: Base whose previews are meant; empty: all.
        branches_from: Git remote; previews of branches that it does not have are destroyed. Empty: not asked.
        dry_run: Only say what would be done.
        now: The present.
        happened: Told what has become of each preview.
        gitlab: Project in GitLab whose merge requests and environments have a say; None: nobody is asked.
        started_by_label: Whether a label of a merge request starts previews, so that its loss ends one.
    """

    base: str
    branches_from: str
    dry_run: bool
    now: dt.datetime
    happened: Hears = nobody
    gitlab: GitLab | None = None
    started_by_label: bool = False


def reap(engine: Engine, request: ReapRequest, on_note: OnNote) -> tuple[list[Reaped], list[Settled]]:
    """Destroy what is due, two at a time, and settle what else is to be; one failure never stops the others.

    Args:
        engine: The engine, which waits for nobody: what somebody works on is skipped.
        request: What is asked for.
        on_note: Told in words what is going on.

    Returns:
        What became of each preview that was due, or that something was wrong with, and what else was settled.

    Raises:
        OperationError: The backend or the Git remote cannot be read; nothing was destroyed.
    """
    branches = _branches(request)
    readable, wrong = snapshots(engine)
    mine = {stack: one for stack, one in readable.items() if _meant(one, request)}
    seen, settled = seen_by(request.gitlab, {one.owner for one in mine.values()} - {""})
    found = [_failed(stack, "its state cannot be read", error) for stack, error in wrong.items()]
    for lock in _overdue(engine, {*readable} - {*mine}):
        reason = f"It was held by {lock}."
        mine.pop(lock.stack, None)
        try:
            if not request.dry_run:
                engine.stack_locks.remove(lock, "no operation lasts so long")
        except OperationError as error:
            reason += f" It could not be cleared: {error}"
        found.append(_failed(lock.stack, "locked for longer than any operation lasts", reason))
    due, staying = [], []
    for stack, snapshot in mine.items():
        try:
            _require_names(snapshot)
            why = _why(engine, snapshot, branches, seen, request)
        except OperationError as error:
            found.append(_failed(stack, "nobody knows when it ends", error))
            continue
        if why:
            due.append(Reaped(stack=stack, branch=snapshot.owner, why=why, result="due"))
        else:
            staying.append(snapshot)
    told = Reporting(step=no_steps, note=on_note, happened=request.happened, by="reap")
    relabelled = settle_labels(engine, staying, seen, request.now, told, dry_run=request.dry_run)
    if relabelled:
        staying = list(engine.readable({one.stack for one in staying}.__contains__)[0].values())
    settled += [*relabelled, *warn(engine, staying, request.now, told, dry_run=request.dry_run)]

    def reaped(one: Reaped) -> Reaped:
        try:
            return _reap_one(engine, request, _base(engine, mine[one.stack], request), one, seen, on_note)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one keeps it from no other
            return replace(one, result="failed", reason=reason_of(error))

    if not request.dry_run:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            due = list(pool.map(reaped, due))
    if request.gitlab:
        try:
            settled += settle_environments(engine, readable, seen, request.gitlab, request.now, dry_run=request.dry_run)
        except OperationError as error:
            # What was done by now has to be told all the same.
            settled.append(Settled(branch="", why="environments without a preview", result="failed", reason=str(error)))
    return [*found, *due], settled


def _branches(request: ReapRequest) -> frozenset[str] | None:
    return branches_of(request.branches_from) if request.branches_from else None


def _meant(snapshot: Snapshot, request: ReapRequest) -> bool:
    base = snapshot.outputs.get("base", "")
    return not request.base or base in ("", request.base)


def _overdue(engine: Engine, others: Collection[str]) -> list[StackLock]:
    """Locks of previews that are left over, save of those of other bases."""
    locks = engine.stack_locks.overdue()
    return [lock for lock in locks if lock.stack.startswith(STACK_PREFIX) and lock.stack not in others]


def _base(engine: Engine, snapshot: Snapshot, request: ReapRequest) -> str:
    """Base of a preview; of one whose first deploy never ended, the one whose slot it has taken."""
    if snapshot.preview:
        return snapshot.preview.base
    names = bases(engine, request.base)
    for name in names[1:]:
        with suppress(OperationError):
            if base_in(engine.snapshot(name), name).edge_network == snapshot.slot_base:
                return name
    return names[0] if names else LOCAL


def _failed(stack: str, why: str, reason: object) -> Reaped:
    return Reaped(stack=stack, branch="", why=why, result="failed", reason=str(reason))


def _require_names(snapshot: Snapshot) -> None:
    """Refuse what nothing of a preview could be named after: plain Pulumi makes stacks of any name.

    Raises:
        OperationError: It is no preview's.
    """
    try:
        slug_of_stack(snapshot.stack)
        if snapshot.owner:
            PreviewName(snapshot.owner)
    except NameRefusedError as error:
        raise OperationError(f"{error} Remove it: pulumi destroy --remove --stack {snapshot.stack}.") from error


def _why(engine: Engine, snapshot: Snapshot, branches: frozenset[str] | None, seen: Seen, request: ReapRequest) -> str:
    """Reason to destroy a preview; empty where there is none."""
    preview = snapshot.preview
    if branches is not None and preview and preview.branch not in branches:
        return _NO_BRANCH
    if preview and (ended := why_ended(seen, preview, started_by_label=request.started_by_label)):
        return ended
    # A label that was set shortly before the end may not be on record yet.
    if preview and kept_by(seen, preview):
        return ""
    end = ends_at(engine, snapshot)
    if end is None or end > request.now:
        return ""
    return "expired" if preview else "its first deploy never ended"


def _reap_one(engine: Engine, request: ReapRequest, base: str, due: Reaped, seen: Seen, on_note: OnNote) -> Reaped:
    name = due.branch or due.stack
    started = time.monotonic()
    # Somebody may have pushed the branch, or deployed it again, since the lists were read.
    branches = _branches(request) if due.why == _NO_BRANCH else None

    def still_due(snapshot: Snapshot) -> None:
        if not snapshot.saved_at or snapshot.owner != due.branch or not _why(engine, snapshot, branches, seen, request):
            raise StaysError("it was updated or removed, or its branch came back, meanwhile")

    def result(word: str, reason: str = "") -> Reaped:
        seconds = round(time.monotonic() - started, 1)
        on_note(f"{name}: {word}{f' ({reason})' if reason else ''}")
        return replace(due, result=word, reason=reason, seconds=seconds)

    on_note(f"{name}: {due.why}, destroying")
    destroyed = DestroyRequest(stack=due.stack, base=base, branch=due.branch, require=still_due, why=due.why)
    # Two at once: their steps would only be mixed up.
    told = Reporting(step=no_steps, note=lambda note: on_note(f"{name}: {note}"), happened=request.happened, by="reap")
    try:
        for attempt in Retrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=_FIRST_PAUSE_SECONDS),
            before_sleep=lambda state: on_note(f"{name}: trying again ({state.outcome and state.outcome.exception()})"),
            reraise=True,
        ):
            with attempt:
                destroy(engine, destroyed, told)
    except LockedError as error:
        return result("failed" if _hangs(engine, due.stack, request.now) else "skipped", str(error))
    except StaysError as error:
        return result("skipped", str(error))
    except OperationError as error:
        return result("failed", str(error))
    return result("destroyed")


def _hangs(engine: Engine, stack: str, now: dt.datetime) -> bool:
    """Whether an operation of this command on this machine has held a stack for longer than any lasts."""
    holder = engine.holder(stack)
    since = moment(holder.since) if holder else None
    return since is not None and now - since > engine.stack_locks.longest


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, OperationError) and not isinstance(error, LockedError | StaysError)
