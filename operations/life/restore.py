"""Leaves things in order after a deploy that failed: nothing of a first one, the last good version after an update."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec

from pydantic.alias_generators import to_camel
from tenacity import RetryCallState, Retrying, retry_if_not_exception_type, stop_after_attempt, wait_fixed

from operations.engine.events import Reporting
from operations.errors import OperationError
from operations.life.haste import hastened_update
from operations.life.remains import forget_pending, remove_unknown
from operations.life.slot import release_slot
from operations.life.work import OvertakenError, Work

_ATTEMPTS = 3
_PAUSE_SECONDS = 2
UP_BY_THEN = "The preview was up to date by then, and stays so."
P = ParamSpec("P")


class UpToDateError(Exception):
    """The update that is to be undone has been made: what would be put back is that update itself."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How undoing went.

    Attributes:
        sentence: What was done, or could not be done.
        complete: Whether all of it was done.
        stands: Whether nothing was undone, as the update had been made.
    """

    sentence: str
    complete: bool
    stands: bool = False

    def __str__(self) -> str:
        return self.sentence


def undo(work: Work, say: Callable[[BaseException], str]) -> Outcome:
    """Undo what a deploy has done; tried again, for what broke a connection once may do so in the middle of it.

    Args:
        work: The deploy.
        say: Puts an error into words that may be shown.
    """
    work = replace(work, told=_to_nobody_too(work.told))
    doing, step = (
        ("putting the last good version back", put_back) if work.updates else ("removing what was made", _remove_all)
    )

    def before_sleep(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        work.told.note(f"{doing}, once more ({say(error)})" if error else doing)

    work.told.note(doing)
    try:
        Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_PAUSE_SECONDS),
            retry=retry_if_not_exception_type((OvertakenError, UpToDateError)),
            before_sleep=before_sleep,
            reraise=True,
        )(step, work)
    except UpToDateError:
        return Outcome(sentence=UP_BY_THEN, complete=True, stands=True)
    except OvertakenError as error:
        return Outcome(sentence=str(error), complete=True)
    except Exception as error:  # noqa: BLE001  whatever it is, the user is told how the preview was left
        what = "The last good version could not be put back" if work.updates else "Not all could be removed"
        return Outcome(
            sentence=f"{what}: {say(error)} Deploy again, or destroy the preview.",
            complete=False,
        )
    if work.updates:
        return Outcome(sentence="The last good version is running again.", complete=True)
    return Outcome(sentence="Everything that was made has been removed again.", complete=True)


def _to_nobody_too(told: Reporting) -> Reporting:
    """The same, also where nobody reads it any more: a terminal or a pipe that is closed must not stop undoing."""

    def deaf(tell: Callable[P, None]) -> Callable[P, None]:
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
            with suppress(OSError):
                tell(*args, **kwargs)

        return wrapped

    return replace(told, step=deaf(told.step), note=deaf(told.note))


def _remove_all(work: Work) -> None:
    with work.locked() as found:
        made = found.before
        work.require_unchanged(made)
        # First: a container that no state knows holds volumes and a network that the state does.
        remove_unknown(work.machine, work.name.slug, made)
        if not made.has_slot:
            release_slot(work.machine, work.name.slug, work.name.branch)
    if made.stack:
        work.engine.destroy(work.name.stack, work.told.step, work.require_unchanged)


def put_back(work: Work) -> None:
    """Update a preview to what it was: configuration from the stack's history, files from the host's good copy.

    Raises:
        UpToDateError: Both are those of the very update that is to be undone.
        OperationError: It did not work.
    """
    engine, stack = work.engine, work.name.stack
    with work.locked() as found:
        if work.is_made(found.before):
            raise UpToDateError
        work.require_unchanged(found.before)
        remove_unknown(work.machine, work.name.slug, found.before)
        forget_pending(engine, stack, found.before)
    values = dict(engine.last_good_values(stack))
    if not values:
        raise OperationError(f"The history of the stack {stack!r} has no update that succeeded.")
    values.pop("restoreDirectory", None)
    # These change without an update that the history knows.
    if known := work.before.preview:
        recorded = known.model_dump(include={"commit", "deployed_at", "deployed_by", "expires_at", "kept", "labelled"})
        values |= {to_camel(name): value for name, value in recorded.items()}
    # What has run before, whatever its tag means by now; the tag where somebody has removed it.
    docker, images = work.machine.docker, dict(values.get("imageIds") or {})
    values["imageIds"] = {name: identity for name, identity in images.items() if docker.image_id(identity)}
    with tempfile.TemporaryDirectory(prefix="pgai-good-") as folder:
        work.machine.fetch(f"{work.machine.base.directory(work.name.slug)}/good", Path(folder))
        engine.configure(stack, {**values, "restoreDirectory": folder})
        try:
            with hastened_update(work):
                engine.up(stack, work.told.step, refresh=True, require=work.require_unchanged)
        finally:
            engine.configure(stack, values)
