"""How a deploy ends: an update stands or is undone, and whoever wants to know is told."""

from __future__ import annotations

from contextlib import suppress

from operations.errors import (
    EngineError,
    InterruptedOperationError,
    OperationError,
    RefusedError,
    UnhealthyError,
)
from operations.happening import Happening, What
from operations.life.last_words import last_words, masked, said_of, secrets_of
from operations.life.request import DeployRequest
from operations.life.restore import UP_BY_THEN, Outcome, undo
from operations.life.watch import EndedError
from operations.life.work import Work


class NotWellError(OperationError):
    """A new preview is up, but a container of it is not well."""


def keep(work: Work) -> None:
    """Let an update stand; it fails all the same where a container that it did not make is not well.

    Raises:
        UnhealthyError: One is not.
        InterruptedOperationError: Somebody has asked to stop when the update was made already.
    """
    unwell = unwell_of(work) if work.updates else ""
    if not unwell:
        if work.interrupts.received:
            raise interrupted(work, UP_BY_THEN)
        return
    sentence = f"The preview of {work.name.branch!r} is up to date, but {unwell}: mend that and deploy again."
    if work.interrupts.received:
        raise InterruptedOperationError(sentence, work.interrupts.received)
    secrets = secrets_of(work.engine, work.name.stack)
    raise UnhealthyError(sentence, last_words(work.machine, work.name.slug, secrets, container_failed=True))


def tell(work: Work, request: DeployRequest, what: What, why: BaseException | None = None) -> None:
    """Tell what has become of the preview; how it stands is in its state."""
    after = None
    if what in ("live", "rolled back"):
        # A backend that fails must not hide what else there is to say.
        with suppress(OperationError):
            after = work.engine.snapshot(work.name.stack)
    preview = (after or work.before).preview
    work.told.happened(
        Happening(
            what=what,
            name=work.name,
            machine=work.machine,
            by=work.told.by,
            commit=request.commit,
            url=work.name.url(work.machine.base),
            expires_at=preview.end if preview else "",
            why=str(why or ""),
            logs=why.logs if isinstance(why, UnhealthyError) else {},
        )
    )


def unwell_of(work: Work) -> str:
    """What is wrong with containers, as a clause; empty where nothing is.

    The update waits for containers that it makes, not for those that are started again or left alone.
    """
    found = work.machine.docker.unwell(work.name.slug, give_up=lambda: bool(work.interrupts.received))
    return "; ".join(map(str, found))


def interrupted(work: Work, outcome: object) -> InterruptedOperationError:
    """What is to be said of a deploy that was interrupted."""
    said = f"The deploy of {work.name.branch!r} was interrupted. {outcome}"
    return InterruptedOperationError(said, work.interrupts.received)


def undone(work: Work, error: BaseException) -> tuple[BaseException, What]:
    """Undo what was done, unless it stands; returns what is to be said of it, and what has become of the preview."""
    container_failed = isinstance(error, NotWellError) or (
        isinstance(error, EngineError) and not error.failed.isdisjoint(("Container", "Service"))
    )
    # Before anything is removed: what the containers have to say goes with them.
    secrets = secrets_of(work.engine, work.name.stack)
    if isinstance(error, EndedError):
        logs = {error.container: masked(error.log, secrets)}
    else:
        logs = last_words(work.machine, work.name.slug, secrets, container_failed=container_failed, said=str(error))
    outcome = undo(work, lambda broken: said_of(broken, secrets))
    text = said_of(error, secrets)
    said: BaseException
    if work.interrupts.received:
        said = interrupted(work, outcome)
    elif isinstance(error, EndedError) and error.refused and outcome.complete:
        said = RefusedError(f"There is no room for the preview of {work.name.branch!r}: {text} {outcome}")
    elif logs or isinstance(error, NotWellError) or not (outcome.complete and isinstance(error, OperationError)):
        branch = repr(work.name.branch)
        what = f"The deploy of {branch} failed" if outcome.stands else f"The preview of {branch} did not come up"
        said = UnhealthyError(f"{what}: {text} {outcome}", logs)
    else:
        said = OperationError(f"{text} {outcome}")
    return said, _became(work, outcome)


def _became(work: Work, outcome: Outcome) -> What:
    if outcome.stands:
        return "live"
    if not work.updates:
        return "failed"
    return "rolled back" if outcome.complete else "broken"
