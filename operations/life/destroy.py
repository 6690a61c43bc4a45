"""Destroy: everything that exists because of a branch, from its stack's state alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from operations.engine.events import Reporting
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import EngineError, OperationError, RefusedError
from operations.find import base_in
from operations.happening import Happening
from operations.life.remains import remove_unknown, remove_unknown_record
from operations.life.slot import release_slot
from operations.machine.access import Machine, machine_of
from stacks.names import PreviewName, slug_of_stack

_CLOUD = "cloudflare"


@dataclass(frozen=True, kw_only=True)
class DestroyRequest:
    """What is to go.

    Attributes:
        stack: Stack of the preview.
        base: Base to look for remains on, where the preview's own state does not say.
        branch: Whose remains may go even where the state does not say whose they are; empty: nobody's.
        require: Raises what speaks against it, once nobody else works on the stack.
        why: Why it is to go, for those who want to know; empty: somebody has asked for it.
    """

    stack: str
    base: str
    branch: str
    require: Callable[[Snapshot], None]
    why: str = ""

    @classmethod
    def of_branch(cls, branch: str, base: str, why: str = "") -> DestroyRequest:
        """The preview of a branch; refused where its slug belongs to another one.

        Raises:
            NameRefusedError: Nothing can be named after the branch.
        """
        name = PreviewName(branch)

        def owned(snapshot: Snapshot) -> None:
            if snapshot.owner not in ("", branch):
                raise RefusedError(
                    f"The slug {name.slug!r} belongs to the preview of branch {snapshot.owner!r}, not to {branch!r}: "
                    f"run ./preview destroy {snapshot.owner} if it is that one you mean. Nothing was changed."
                )

        return cls(stack=name.stack, base=base, branch=branch, require=owned, why=why)


def destroy(engine: Engine, request: DestroyRequest, told: Reporting) -> Changes | None:
    """Destroy a preview and remove its stack; never a base.

    Args:
        engine: The engine.
        request: What is to go.
        told: Who is told how it goes.

    Returns:
        What the engine did; None where there was nothing, which is success too.

    Raises:
        RefusedError: The preview of that slug belongs to another branch.
        LockedError: Another operation held the preview for the whole wait.
        OperationError: Something could not be removed; destroy can be run again.
    """
    slug = slug_of_stack(request.stack)
    with engine.held(request.stack, "destroy"):
        with engine.locked(request.stack, "destroy"):
            snapshot, machine = _found(engine, request)
            known = snapshot or Snapshot()
            left = _remains(machine, slug, known, request) if machine else []
        if snapshot is None:
            # Another machine may have destroyed what this one had made.
            engine.forget(request.stack)
        run = partial(engine.destroy, require=request.require)
        changes = _past_lost_record(engine, request.stack, told, run) if snapshot else None
        _tell(request, snapshot, machine, told)
    remains = _of_remains(left, told)
    return remains if changes is None else changes


def forget(engine: Engine, request: DestroyRequest, told: Reporting, *, force: bool = False) -> Changes | None:
    """Delete the DNS record of a preview whose machine is lost, and drop the rest from the state.

    Args:
        engine: The engine.
        request: What is to go.
        told: Who is told how it goes.
        force: Also where the machine answers, and all of it would go on running.

    Returns:
        What the engine did; None where there was no such preview.

    Raises:
        RefusedError: The preview of that slug belongs to another branch, or its machine answers.
        LockedError: Another operation held the preview for the whole wait.
        OperationError: The record could not be deleted; it can be run again.
    """
    slug = slug_of_stack(request.stack)
    with engine.held(request.stack, "destroy"):
        with engine.locked(request.stack, "destroy"):
            snapshot, machine = _found(engine, request)
            if snapshot is None:
                return None
            if machine and not force and _answers(machine):
                raise RefusedError(
                    f"The machine of {request.stack!r} answers: --forget would leave the preview running "
                    "there, counted and in no list. Run ./preview destroy without it, which removes everything, or add "
                    "--force. Nothing was changed."
                )
            left = remove_unknown_record(machine, slug, snapshot) if machine else []
        changes = _past_lost_record(engine, request.stack, told, partial(engine.destroy_only, provider=_CLOUD))
        engine.remove(request.stack, force=True)
        _tell(request, snapshot, None, told)
    _of_remains(left, told)
    return changes


def _remains(machine: Machine, slug: str, known: Snapshot, request: DestroyRequest) -> list[str]:
    """Remove what the state does not know of; returns the names of it."""
    left = []
    # First: where the state does not say whose the slug is, the machine does. A slot that the state knows goes with it.
    if not known.has_slot and release_slot(machine, slug, known.owner or request.branch):
        left.append("slot on the machine")
    # A container that no state knows holds volumes and a network that the state does.
    return left + remove_unknown(machine, slug, known)


def _tell(request: DestroyRequest, snapshot: Snapshot | None, machine: Machine | None, told: Reporting) -> None:
    """Tell that a preview is gone, where one was."""
    if snapshot is None or snapshot.preview is None:
        return
    known = snapshot.preview
    gone = Happening(
        what="gone",
        name=PreviewName(known.branch),
        machine=machine,
        by=told.by,
        commit=known.commit,
        url=known.url,
        why=request.why or "destroyed",
    )
    told.happened(gone)


def _answers(machine: Machine) -> bool:
    with suppress(OperationError):
        machine.run("exit 0", {})
        return True
    return False


def _past_lost_record(engine: Engine, stack: str, told: Reporting, run: Callable[..., Changes]) -> Changes:
    """Destroy, also where somebody has deleted the DNS record already: its provider takes that for a failure."""
    try:
        return run(stack, on_step=told.step)
    except EngineError as error:
        if "DnsRecord" not in error.failed:
            raise
        told.note("looking whether the DNS record is gone already")
        engine.refresh_only(stack, _CLOUD, told.step)
        return run(stack, on_step=told.step)


def _found(engine: Engine, request: DestroyRequest) -> tuple[Snapshot | None, Machine | None]:
    """State of the stack, where nothing speaks against it, and the machine; None without a base, and so without one."""
    snapshot, of_base = engine.snapshots([request.stack, request.base])
    request.require(snapshot or Snapshot())
    base = snapshot.preview.base if snapshot and snapshot.preview else request.base
    if base != request.base:
        of_base = engine.snapshot(base)
    try:
        return snapshot, machine_of(base_in(of_base, base))
    except OperationError:
        return snapshot, None


def _of_remains(left: list[str], told: Reporting) -> Changes | None:
    """Say what was left; returns it as what was done, where there was anything."""
    for name in left:
        told.note(f"removed {name}, left by an update that died")
    return Changes(counts={"delete": len(left)}) if left else None
