"""Destroy: everything that exists because of a branch, from its stack's state alone."""

from __future__ import annotations

from collections.abc import Callable

from stacks.names import slug_of, stack_of
from stacks.operations.errors import RefusedError
from stacks.operations.events import OnStep
from stacks.operations.workspace import Changes, Engine


def destroy(
    engine: Engine, branch: str, on_step: OnStep, on_note: Callable[[str], None], *, forget: bool = False
) -> Changes | None:
    """Destroy the preview of a branch and remove its stack.

    Args:
        engine: The engine.
        branch: Branch name.
        on_step: Told of each resource.
        on_note: Told in words what is going on.
        forget: The machine is lost: only the DNS record is deleted, the rest is dropped from the state.

    Returns:
        What the engine did; None where there was no such preview, which is success too.

    Raises:
        RefusedError: The preview of that slug belongs to another branch.
        LockedError: Another operation held the preview for the whole wait.
        EngineError: A resource could not be removed; destroy can be run again.
    """
    slug = slug_of(branch)
    stack = stack_of(slug)
    if not engine.exists(stack):
        return None
    owner = engine.outputs(stack).get("branch", branch)
    if owner != branch:
        raise RefusedError(
            f"The slug {slug!r} belongs to the preview of branch {owner!r}, not to {branch!r}: "
            f"run ./preview destroy {owner} if it is that one you mean. Nothing was changed."
        )
    changes = engine.destroy_only(stack, "cloudflare", on_step) if forget else engine.destroy(stack, on_step)
    on_note("removing the stack")
    engine.remove(stack, force=forget)
    return changes
