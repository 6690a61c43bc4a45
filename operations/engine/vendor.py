"""Everything that overrides or subclasses what Pulumi's SDK keeps to itself; nothing else in the project does.

The SDK's classes start the engine more often than needed (each run costs a sixth of a second or more: an update makes
four besides its own, which select the stack, read outputs twice and the history once), and start it so that a signal to
the terminal stops it half way. ``tests/unit/operations/test_vendor.py`` holds what is assumed here against the SDK that
is installed.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi import Resource, automation, log
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from operations.engine.process import EngineProcess

_POLL_SECONDS = 0.1


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

    def _setup_event_log(
        self,
        command: str,  # noqa: ARG002
        on_event: automation.OnEvent,
        pulumi_version: str,  # noqa: ARG002
    ) -> tuple[str, None, None, Any, None]:
        """See :class:`_Events`; the SDK would have the engine call it for each event."""
        events = _Events(on_event)
        return events.path, None, None, events, None

    def outputs(self) -> automation.OutputMap:
        """Nothing: who wants outputs reads them."""
        return {}

    def info(self, show_secrets: bool | None = None) -> automation.UpdateSummary:  # noqa: ARG002
        """Nothing but what an update's result must hold: events have told how it went."""
        return automation.UpdateSummary("update", dt.datetime.now(dt.UTC), "", {}, {}, "succeeded")


class _Events:
    """Takes the engine's events from a file, and leaves out those for debugging.

    Docker's provider tells each line of what Docker says of a container, 2,700 lines of a first deploy, and the engine
    would call this process for each of them.

    Attributes:
        path: The file.
    """

    def __init__(self, on_event: automation.OnEvent) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="events-")
        self.path = f"{self._folder.name}/events"
        self._over = threading.Event()
        Path(self.path).touch()
        self._reader = threading.Thread(target=self._follow, args=(on_event,), daemon=True)
        self._reader.start()

    def cleanup(self) -> None:
        """Hand on what the engine, which has ended, has still said; the SDK calls it so."""
        self._over.set()
        self._reader.join()
        self._folder.cleanup()

    def _follow(self, on_event: automation.OnEvent) -> None:
        begun = b""
        with Path(self.path).open("rb") as file:
            over = False
            while not over:
                over = self._over.wait(_POLL_SECONDS)
                said = file.read()
                if said:
                    # The engine has it open by now, and a command that is killed leaves nothing.
                    self._folder.cleanup()
                *lines, begun = (begun + said).split(b"\n")
                for line in lines:
                    # Quotes within a message are escaped. To read all of them as JSON takes ten times as long.
                    if b'"severity":"debug"' not in line:
                        on_event(EngineEvent.from_json(json.loads(line)))
