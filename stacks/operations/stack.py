"""The Automation API's stack and workspace, without the runs of the engine that nothing here needs.

Each run of the engine costs a sixth of a second or more; an update through the vendor's classes makes four besides its
own: it selects the stack, and afterwards reads outputs twice and the history once.
"""

from __future__ import annotations

import datetime as dt

from pulumi import automation
from pulumi.automation._stack import StackInitMode


class Workspace(automation.LocalWorkspace):
    """Leaves alone which stack an operator has selected: every operation here names its own."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing; see the class."""


class Stack(automation.Stack):
    """A stack that exists.

    Args:
        name: Its name.
        workspace: Where it is.
    """

    def __init__(self, name: str, workspace: Workspace) -> None:
        super().__init__(name, workspace, StackInitMode.SELECT)

    def outputs(self) -> automation.OutputMap:
        """Nothing: who wants outputs reads them."""
        return {}

    def info(self, show_secrets: bool | None = None) -> automation.UpdateSummary:  # noqa: ARG002
        """Nothing but what an update's result must hold: events have told how it went."""
        return automation.UpdateSummary("update", dt.datetime.now(dt.UTC), "", {}, {}, "succeeded")
