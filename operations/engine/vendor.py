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


class DestroyWorkspace(Workspace):
    """For a stack that goes: its state is written once, at the end, and the same run of the engine then removes it.

    Writing the state before and after each of fifty steps takes as long as removing what they stand for. What is lost
    when such a run dies is which part was done: all of it can be done again.
    """

    def __init__(self, work_dir: str, command: automation.PulumiCommand) -> None:
        once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        super().__init__(work_dir=work_dir, pulumi_command=command, env_vars=once)

    def serialize_args_for_op(self, stack_name: str) -> list[str]:  # noqa: ARG002
        """Arguments of ``pulumi destroy`` besides the API's own, which runs it again to remove the stack."""
        return ["--remove"]


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
