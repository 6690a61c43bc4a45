"""Scheduled clean-up: destroys previews that have expired or whose branch is gone."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from operations.engine.events import Reporting, Step
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, OperationError
from operations.life.destroy import DestroyRequest, destroy
from operations.listing import snapshots
from operations.upkeep.branches import branches_of
from operations.upkeep.expiry import ends_at

_AT_ONCE = 2
_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 2

OnNote = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ReapRequest:
    """What is asked for.

    Attributes:
        base: Base whose previews are meant; where a deploy never ended, its remains are looked for there.
        branches_from: Git remote; previews of branches that it does not have are destroyed. Empty: not asked.
        dry_run: Only say what would be done.
        now: The present.
    """

    base: str
    branches_from: str
    dry_run: bool
    now: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """What became of one preview.

    Attributes:
        stack: Its stack.
        branch: Its branch; empty where its first deploy never ended.
        why: Reason to destroy it.
        result: ``destroyed``, ``skipped``, ``failed``, or ``due`` in a dry run.
        reason: Why it was skipped or failed.
        seconds: How long it took.
    """

    stack: str
    branch: str
    why: str
    result: str
    reason: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, str | float]:
        """The same, for JSON."""
        return asdict(self)


class _StaysError(OperationError):
    """The preview is not due any more."""


def reap(engine: Engine, request: ReapRequest, on_note: OnNote) -> list[Reaped]:
    """Destroy what is due, two at a time; one failure never stops the others.

    Args:
        engine: The engine, which waits for nobody: what somebody works on is skipped.
        request: What is asked for.
        on_note: Told in words what is going on.

    Returns:
        What became of each preview that was due.

    Raises:
        OperationError: The backend or the Git remote cannot be read; nothing was destroyed.
    """
    branches = branches_of(request.branches_from) if request.branches_from else None

    def why(snapshot: Snapshot) -> str:
        return _why(engine, snapshot, branches, request)

    found = {stack: (snapshot.preview, why(snapshot)) for stack, snapshot in snapshots(engine).items()}
    due = [
        Reaped(stack=stack, branch=preview.branch if preview else "", why=text, result="due")
        for stack, (preview, text) in found.items()
        if text
    ]
    if request.dry_run:
        return due
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda one: _reap_one(engine, request.base, one, why, on_note), due))


def _why(engine: Engine, snapshot: Snapshot, branches: frozenset[str] | None, request: ReapRequest) -> str:
    """Reason to destroy a preview; empty where there is none."""
    preview = snapshot.preview
    if preview and preview.base != request.base:
        return ""
    if branches is not None and preview and preview.branch not in branches:
        return "branch is gone"
    end = ends_at(engine, snapshot)
    if end is None or end > request.now:
        return ""
    return "expired" if preview else "its first deploy never ended"


def _reap_one(engine: Engine, base: str, due: Reaped, why: Callable[[Snapshot], str], on_note: OnNote) -> Reaped:
    name = due.branch or due.stack
    started = time.monotonic()

    def still_due(snapshot: Snapshot) -> None:
        # Somebody may have deployed it again since the list was read.
        if not snapshot.saved_at or not why(snapshot):
            raise _StaysError("it was updated or removed meanwhile")

    def result(word: str, reason: str = "") -> Reaped:
        seconds = round(time.monotonic() - started, 1)
        on_note(f"{name}: {word}{f' ({reason})' if reason else ''}")
        return replace(due, result=word, reason=reason, seconds=seconds)

    on_note(f"{name}: {due.why}, destroying")
    request = DestroyRequest(stack=due.stack, base=base, branch="", require=still_due)
    told = Reporting(step=_silent, note=lambda note: on_note(f"{name}: {note}"))
    try:
        for attempt in Retrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=_FIRST_PAUSE_SECONDS),
            before_sleep=lambda state: on_note(f"{name}: trying again ({state.outcome and state.outcome.exception()})"),
            reraise=True,
        ):
            with attempt:
                destroy(engine, request, told)
    except (LockedError, _StaysError) as error:
        return result("skipped", str(error))
    except OperationError as error:
        return result("failed", str(error))
    return result("destroyed")


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, OperationError) and not isinstance(error, LockedError | _StaysError)


def _silent(step: Step) -> None:
    """Two at once: their steps would only be mixed up."""
