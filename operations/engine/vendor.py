"""Everything that overrides or subclasses what Pulumi's SDK keeps to itself; nothing else in the project does.

The SDK's classes start the engine more often than needed (each run costs a sixth of a second or more: an update makes
four besides its own, which select the stack, read outputs twice and the history once), and start it so that a signal to
the terminal stops it half way. ``tests/unit/operations/test_vendor.py`` holds what is assumed here against the SDK that
is installed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pulumi import Resource, automation, log
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from operations.engine.process import EngineProcess


def mute_debug() -> None:
    """Let the program tell the engine nothing for debugging from now on.

    The SDK does so at each step of each resource and waits for the answer: some 180 calls of an update, whose messages
    nobody sees.
    """

    def nothing(
        msg: str, resource: Resource | None = None, stream_id: int | None = None, ephemeral: bool | None = None
    ) -> None:
        """Nothing; see above."""

    log.debug = nothing


class Command(automation.PulumiCommand):
    """The engine's process as the SDK starts it.

    Args:
        process: The process.
    """

    def __init__(self, process: EngineProcess) -> None:
        # The vendor's constructor starts the engine to ask for its version, which set-up has found out.
        self.command = process.command
        self.version = VersionInfo.parse(process.version)
        self._process = process

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: automation.OnOutput | None = None,
        on_error: automation.OnOutput | None = None,
    ) -> automation.CommandResult:
        """See :meth:`pulumi.automation.PulumiCommand.run`.

        Raises:
            pulumi.automation.CommandError: The engine failed.
        """
        said = self._process.run(args, cwd, additional_env, on_output, on_error)
        result = automation.CommandResult(stdout=said.stdout, stderr=said.stderr, code=said.code)
        if said.code != 0:
            raise create_command_error(result)
        return result


class Workspace(automation.LocalWorkspace):
    """Leaves alone which stack an operator has selected: every operation here names its own."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing; see the class."""


class DestroyWorkspace(Workspace):
    """For a stack that goes: its state is written once, at the end, and the same run of the engine then removes it.

    Writing the state before and after each of fifty steps takes as long as removing what they stand for. What is lost
    when such a run dies is which part was done: all of it can be done again.
    """

    def __init__(self, work_dir: str, pulumi_command: automation.PulumiCommand) -> None:
        once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        super().__init__(work_dir=work_dir, pulumi_command=pulumi_command, env_vars=once)

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
