"""The engine's process, in a session of its own: what a terminal or a CI runner interrupts is the command, not it.

The command then decides: it asks the engine to stop in good order and puts back what was half done.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from pulumi import automation
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

OnLine = automation.OnOutput | None


class EngineProcess(automation.PulumiCommand):
    """Runs ``pulumi`` so that it can be interrupted once, and only by :meth:`interrupt`.

    Args:
        version: Version of the engine.
    """

    def __init__(self, version: str) -> None:
        # The vendor's constructor starts the engine to ask for its version, which set-up has found out.
        self.command = "pulumi"
        self.version = VersionInfo.parse(version)
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether an engine runs."""
        return bool(self._running)

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
                said = _read(process, on_output, on_error)
                code = process.wait()
            finally:
                with self._guard:
                    self._running.discard(process)
        result = automation.CommandResult(stdout=said[0], stderr=said[1], code=code)
        if code != 0:
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
