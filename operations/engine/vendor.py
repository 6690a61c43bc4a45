"""Everything that overrides or subclasses what Pulumi's SDK keeps to itself; nothing else in the project does.

The SDK's classes start the engine more often than needed (each run costs a sixth of a second or more: an update makes
four besides its own, which select the stack, read outputs twice and the history once), and start it so that a signal to
the terminal stops it half way. ``tests/unit/operations/test_vendor.py`` holds what is assumed here against the SDK that
is installed.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from typing import IO

from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

OnLine = automation.OnOutput | None
Noted = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Holds while the process of that id runs; what it gives is called where the process was killed."""


class EngineProcess(automation.PulumiCommand):
    """Runs ``pulumi`` in a session of its own, so that it is interrupted once, and only by :meth:`interrupt`.

    What a terminal or a CI runner interrupts is then the command, not the engine. The command decides: it asks the
    engine to stop in good order, and puts back what was half done.

    Args:
        version: Version of the engine.
    """

    def __init__(self, version: str) -> None:
        # The vendor's constructor starts the engine to ask for its version, which set-up has found out.
        self.command = "pulumi"
        self.version = VersionInfo.parse(version)
        self._wanted: list[Callable[[], None]] = []
        self._noted: Noted = lambda _: nullcontext(lambda: None)
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()

    def noted(self, noted: Noted) -> EngineProcess:
        """The same, for what locks a stack."""
        one = copy(self)
        one._noted = noted
        return one

    @property
    def busy(self) -> bool:
        """Whether an engine runs."""
        return bool(self._running)

    def only_while(self, wanted: Callable[[], None]) -> None:
        """Ask before the engine is started, and before its failure is taken for one.

        Args:
            wanted: Raises where the engine is not wanted any more.
        """
        self._wanted.append(wanted)

    def _require_wanted(self) -> None:
        for wanted in self._wanted:
            wanted()

    def interrupt(self) -> None:
        """Ask every running engine to end what it has begun and to stop."""
        for process in list(self._running):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnLine = None,
        on_error: OnLine = None,
    ) -> automation.CommandResult:
        """See :meth:`pulumi.automation.PulumiCommand.run`.

        Raises:
            pulumi.automation.CommandError: The engine failed.
        """
        self._require_wanted()
        arguments = args if "--non-interactive" in args else ["--non-interactive", *args]
        with subprocess.Popen(
            [self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            with self._guard:
                self._running.add(process)
            try:
                with self._noted(process.pid) as killed:
                    said = _read(process, on_output, on_error)
                    code = process.wait()
                    if code < 0:
                        killed()
            finally:
                with self._guard:
                    self._running.discard(process)
        result = automation.CommandResult(stdout=said[0], stderr=said[1], code=code)
        if code != 0:
            self._require_wanted()
            raise create_command_error(result)
        return result


def _read(process: subprocess.Popen[str], on_output: OnLine, on_error: OnLine) -> tuple[str, str]:
    """Both streams to their ends, each read as it comes, so that neither fills up."""
    chunks: tuple[list[str], list[str]] = ([], [])

    def consume(stream: IO[str], on_line: OnLine, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip())
            if on_line:
                on_line(lines[-1])

    assert process.stdout is not None
    assert process.stderr is not None
    readers = [
        threading.Thread(target=consume, args=arguments, daemon=True)
        for arguments in ((process.stdout, on_output, chunks[0]), (process.stderr, on_error, chunks[1]))
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return "\n".join(chunks[0]), "\n".join(chunks[1])


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
