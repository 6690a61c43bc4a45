"""The engine's process, and how it is interrupted.

It knows nothing of Pulumi's SDK, which takes a third of a second to load: whoever only reads states does without.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass
from typing import IO

from operations.errors import OperationError

OnLine = Callable[[str], object] | None
Noted = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Holds while the process of that id runs; what it gives is called where the process was killed."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a run of the engine ended, and what it wrote to its two streams."""

    code: int
    stdout: str
    stderr: str


class _Run:
    """One run of the engine, which is asked to stop once: asked again it stops at once, and leaves things half made.

    A signal's handler may ask between any two steps of the thread that starts it, and other threads may at any time.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._wanted = True
        self._asked = threading.Lock()

    def started(self, process: subprocess.Popen[str]) -> None:
        """It has a process by now; hands on what was asked before."""
        self._process = process
        self._ask()

    def interrupt(self) -> None:
        """Ask it to stop, as soon as it has a process."""
        self._wanted = False
        self._ask()

    def _ask(self) -> None:
        # Taken for good by whoever comes first.
        if self._process and not self._wanted and self._asked.acquire(blocking=False):
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)


class EngineProcess:
    """Runs ``pulumi`` in a session of its own, so that it is interrupted once, and only by :meth:`interrupt`.

    What a terminal or a CI runner interrupts is then the command, not the engine. The command decides: it asks the
    engine to stop in good order, and puts back what was half done.

    Args:
        version: Version of the engine.
    """

    def __init__(self, version: str) -> None:
        self.command = "pulumi"
        self.version = version
        self._wanted: list[Callable[[], None]] = []
        self._noted: Noted = lambda _: nullcontext(lambda: None)
        self._runs: set[_Run] = set()

    def noted(self, noted: Noted) -> EngineProcess:
        """The same, for what locks a stack."""
        one = copy(self)
        one._noted = noted
        return one

    @property
    def busy(self) -> bool:
        """Whether an engine runs, or is about to."""
        return bool(self._runs)

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
        """Ask every engine that was not asked yet to end what it has begun and to stop."""
        for run in list(self._runs):
            run.interrupt()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnLine = None,
        on_error: OnLine = None,
    ) -> Said:
        """Run ``pulumi`` to its end.

        Args:
            args: Its arguments.
            cwd: Directory in which it runs.
            additional_env: Variables besides this process's own.
            on_output: Told each line of standard output as it comes.
            on_error: Told each line of standard error as it comes.

        Raises:
            OperationError: The program is not there.
        """
        arguments = args if "--non-interactive" in args else ["--non-interactive", *args]
        run = _Run()
        # Before it is asked whether it is wanted: whoever asks it to stop from here on finds it.
        self._runs.add(run)
        try:
            self._require_wanted()
            with self._started(arguments, cwd, additional_env) as process:
                run.started(process)
                with self._noted(process.pid) as killed:
                    said = _read(process, on_output, on_error)
                    code = process.wait()
                    if code < 0:
                        killed()
        finally:
            self._runs.discard(run)
        if code != 0:
            self._require_wanted()
        return Said(code=code, stdout=said[0], stderr=said[1])

    def _started(self, arguments: list[str], cwd: str, additional_env: Mapping[str, str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
                encoding="utf-8",
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise OperationError(
                f"The Pulumi engine cannot be started, as {error.filename} is not there any more: run ./preview setup."
            ) from error


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
