"""Puts the last good version of a preview back after an update that failed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from operations.engine.events import OnStep
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.life.remains import forget_pending, remove_unknown
from operations.machine.containers import DockerEngine
from operations.machine.shell import HostShell
from stacks.outputs import BaseOutputs


def put_back(
    engine: Engine,
    base: BaseOutputs,
    docker: DockerEngine,
    stack: str,
    slug: str,
    before: Snapshot,
    on_step: OnStep,
) -> None:
    """Update a preview to what it was: configuration from the stack's history, files from the host's good copy.

    Args:
        engine: The engine.
        base: The preview's base.
        docker: Its Docker engine.
        stack: The preview's stack.
        slug: The preview.
        before: Its state before the update that failed.
        on_step: Told of each resource.

    Raises:
        OperationError: It cannot be put back.
    """
    values = dict(engine.last_good_values(stack))
    if not values:
        raise OperationError(f"The history of the stack {stack!r} has no update that succeeded.")
    values.pop("restoreDirectory", None)
    # Extending moves the end without an update.
    values["expiresAt"] = str(before.outputs.get("expires_at", ""))
    half_made = engine.snapshot(stack) or Snapshot()
    remove_unknown(base, docker, slug, half_made)
    forget_pending(engine, stack, half_made)
    with tempfile.TemporaryDirectory(prefix="pgai-good-") as folder:
        directory = base.slot(slug, str(before.outputs["branch"])).directory
        HostShell(base).fetch(f"{directory}/good", Path(folder))
        engine.configure(stack, {**values, "restoreDirectory": folder})
        try:
            engine.up(stack, on_step, refresh=True)
        finally:
            engine.configure(stack, values)
