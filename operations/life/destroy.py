"""Destroy: everything that exists because of a branch, from its stack's state alone."""

from __future__ import annotations

from collections.abc import Callable

from operations import bases
from operations.engine.events import Reporting
from operations.engine.locks import LOCK_WAIT_SECONDS
from operations.engine.snapshot import RECORD, Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import OperationError, RefusedError
from operations.life.remains import release_slot, remove_unknown
from operations.machine.containers import DockerEngine
from operations.machine.records import DnsRecords
from stacks.names import host_of, slug_of, slug_of_stack, stack_of
from stacks.outputs import BaseOutputs


def destroy(engine: Engine, branch: str, base: str, told: Reporting, *, forget: bool = False) -> Changes | None:
    """Destroy the preview of a branch and remove its stack.

    Args:
        engine: The engine.
        branch: Branch name.
        base: Base stack to look for remains on, where no deploy of the preview ever ended.
        told: Who is told how it goes.
        forget: The machine is lost: only the DNS record is deleted, the rest is dropped from the state.

    Returns:
        What the engine did; None where there was no such preview, which is success too.

    Raises:
        RefusedError: The preview of that slug belongs to another branch.
        LockedError: Another operation held the preview for the whole wait.
        EngineError: A resource could not be removed; destroy can be run again.
    """

    def owned(snapshot: Snapshot) -> None:
        owner = snapshot.outputs.get("branch", branch)
        if owner != branch:
            raise RefusedError(
                f"The slug {slug_of(branch)!r} belongs to the preview of branch {owner!r}, not to {branch!r}: "
                f"run ./preview destroy {owner} if it is that one you mean. Nothing was changed."
            )

    return destroy_stack(engine, stack_of(slug_of(branch)), base, told, require=owned, branch=branch, forget=forget)


def destroy_stack(
    engine: Engine,
    stack: str,
    base: str,
    told: Reporting,
    *,
    require: Callable[[Snapshot], None],
    branch: str = "",
    forget: bool = False,
    wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Changes | None:
    """Destroy a preview's stack and remove it; never that of a base.

    Args:
        engine: The engine.
        stack: Name of the stack.
        base: Base stack, where the preview's own state does not say.
        told: Who is told how it goes.
        require: Raises what speaks against it, once nobody else works on the stack.
        branch: Whose remains may go even where the stack does not say whose it is.
        forget: The machine is lost.
        wait_seconds: How long to wait for another operation to end.

    Returns:
        What the engine did; None where there was nothing.

    Raises:
        NameRefusedError: The stack is not a preview's.
        OperationError: See :func:`destroy`.
    """
    slug = slug_of_stack(stack)
    with engine.held(stack, "destroy", wait_seconds=wait_seconds):
        snapshot, of_base = engine.snapshots([stack, base])
        known = snapshot or Snapshot()
        require(known)
        own_base = str(known.outputs.get("base", base))
        outputs = _outputs(of_base if own_base == base else engine.snapshot(own_base), own_base)
        # First: a container that no state knows holds volumes and a network that the state does.
        left = _remove_unknown(outputs, slug, known, forget=forget)
        changes = None
        if snapshot is not None and forget:
            changes = engine.destroy_only(stack, "cloudflare", told.step)
            engine.remove(stack, force=True, wait_seconds=wait_seconds)
        elif snapshot is not None:
            changes = engine.destroy(stack, told.step, wait_seconds=wait_seconds)
        if not forget and _release_unknown(outputs, slug, known, branch):
            left.append("place on the host")
        for name in left:
            told.note(f"removed {name}, left by an update that died")
        if left and snapshot is None:
            changes = Changes(counts={"delete": len(left)})
        return changes


def _outputs(snapshot: Snapshot | None, base: str) -> BaseOutputs | None:
    """What the base hands on; None without a base, and so without a machine on which anything could be left."""
    try:
        return bases.outputs_in(snapshot, base)
    except OperationError:
        return None


def _release_unknown(base: BaseOutputs | None, slug: str, snapshot: Snapshot, branch: str) -> bool:
    """Give a place back that an update that died had taken without the state knowing; returns whether there was one."""
    if base is None or snapshot.has_slot:
        return False
    return release_slot(base, slug, str(snapshot.outputs.get("branch", branch)))


def _remove_unknown(base: BaseOutputs | None, slug: str, snapshot: Snapshot, *, forget: bool) -> list[str]:
    """Remove what an update that died has left without the state knowing."""
    if base is None:
        return []
    if forget:
        # Of what the lost machine held, nothing can be left.
        lost = base.zone_id and snapshot.pending
        return DnsRecords(base).remove(host_of(slug, base.domain), snapshot.ids.get(RECORD, ())) if lost else []
    return remove_unknown(base, DockerEngine.of(base), slug, snapshot)
