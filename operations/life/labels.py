"""What labels of its branch's merge request mean for a preview, and what keeps one beyond its end."""

from __future__ import annotations

from collections.abc import Collection

from components.host_scripts import script
from operations.machine.access import Machine

START_LABEL = "preview"
"""Label of a merge request that starts the preview of its branch, where labels do."""

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


def labelled_after(before: str, labels: Collection[str] | None, *, updated: bool) -> str:
    """Whether a preview goes with the loss of the label that starts one: ``yes``, or empty.

    Args:
        before: Whether it has gone with it so far.
        labels: Labels of the branch's merge request; None: nobody knows them.
        updated: Whether a push updates it; else somebody, or the label, has started it anew.
    """
    if labels is None:
        return before
    return "yes" if START_LABEL in labels or (updated and before) else ""


def mark_kept(machine: Machine, slug: str, *, kept: bool) -> None:
    """Tell the machine whether a preview is kept, for what makes room there without asking a stack.

    Raises:
        OperationError: The machine cannot be reached.
    """
    machine.run(script("mark_kept"), {"DIRECTORY": machine.base.directory(slug), "KEPT": "yes" if kept else ""})
