"""Whether a preview is kept beyond its end, and what says so."""

from __future__ import annotations

from collections.abc import Collection

from components.host_scripts import script
from operations.machine.access import Machine

KEEP_LABEL = "preview::keep"
"""Label of a merge request that keeps the preview of its branch."""

COMMAND, LABEL, NOTHING = "command", "label", ""


def kept_after(before: str, labels: Collection[str] | None) -> str:
    """What keeps a preview once its merge request's labels are known.

    The command and the label each keep by themselves: who takes the label away, takes away no more than it has kept.

    Args:
        before: What has kept it so far.
        labels: Labels of the branch's merge request; None: nobody knows them.
    """
    if labels is None or before == COMMAND:
        return before
    return LABEL if KEEP_LABEL in labels else NOTHING


def mark_kept(machine: Machine, slug: str, *, kept: bool) -> None:
    """Tell the machine whether a preview is kept, for what makes room there without asking a stack.

    Raises:
        OperationError: The machine cannot be reached.
    """
    machine.run(script("mark_kept"), {"DIRECTORY": machine.base.directory(slug), "KEPT": "yes" if kept else ""})
