"""The engine's process, and how it is interrupted.

It knows nothing of Pulumi's SDK, which takes a third of a second to load: whoever only reads states does without.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass
from typing import IO

from operations.engine.stack_locks import LONGEST_HOURS, span_of
from operations.errors import EngineError, OperationError

# Of the longest that an operation may last: what is asked to stop has some time to end what it has begun, and is gone
# before anybody takes its lock for left over.
_ASKED, _KILLED = 0.8, 0.9

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

    def kill(self) -> None:
        """End it at once, with what runs in its group."""
        if self._process and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


class EngineProcess:
    """Runs ``pulumi`` in a session of its own, so that it is interrupted once, and only by :meth:`interrupt`.

    What a terminal or a CI runner interrupts is then the command, not the engine. The command decides: it asks the
    engine to stop in good order, and puts back what was half done.

    Args:
        version: Version of the engine.
        longest: How long an operation lasts at most; a run is ended before.
    """

    def __init__(self, version: str, longest: dt.timedelta = dt.timedelta(hours=LONGEST_HOURS)) -> None:
        self.command = "pulumi"
        self.version = version
        self._wanted: list[Callable[[], None]] = []
        self._noted: Noted = lambda _: nullcontext(lambda: None)
        self._longest = longest
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
            EngineError: It took longer than an operation may last.
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
                    streams = _Streams(process, on_output, on_error)
                    ended = self._await(run, streams)
                    code = process.wait()
                    if code < 0:
                        killed()
        finally:
            self._runs.discard(run)
        if code != 0:
            self._require_wanted()
            if ended:
                raise EngineError(ended)
        return Said(code=code, stdout=streams.text(0), stderr=streams.text(1))

    def _await(self, run: _Run, streams: _Streams) -> str:
        """Wait for a run to end, or end it; says so where it was ended."""
        how = ""
        for share, end, so in ((_ASKED, run.interrupt, "asked to stop"), (_KILLED - _ASKED, run.kill, "killed")):
            if streams.ended_within(share * self._longest):
                break
            end()
            how = so
        streams.ended_within(None)
        return how and (
            f"The engine had not ended after {span_of(_ASKED * self._longest)} and was {how}, since what lasts longer "
            f"than {span_of(self._longest)} is taken for left over: ./preview status shows what did not come up; mend "
            "that, and run the same again."
        )

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


class _Streams:
    """Both streams of a process, each read as it comes, so that neither fills up.

    Args:
        process: The process.
        on_output: Told each line of standard output.
        on_error: Told each line of standard error.
    """

    def __init__(self, process: subprocess.Popen[str], on_output: OnLine, on_error: OnLine) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._lines: tuple[list[str], list[str]] = ([], [])
        self._readers = [
            threading.Thread(target=_consume, args=arguments, daemon=True)
            for arguments in (
                (process.stdout, on_output, self._lines[0]),
                (process.stderr, on_error, self._lines[1]),
            )
        ]
        for reader in self._readers:
            reader.start()

    def ended_within(self, span: dt.timedelta | None) -> bool:
        """Whether both end within that time; None: wait until they have."""
        deadline = None if span is None else time.monotonic() + span.total_seconds()
        for reader in self._readers:
            reader.join(None if deadline is None else max(0, deadline - time.monotonic()))
        return not any(reader.is_alive() for reader in self._readers)

    def text(self, number: int) -> str:
        """What was read of the first or second."""
        return "\n".join(self._lines[number])


def _consume(stream: IO[str], on_line: OnLine, lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip())
        if on_line:
            on_line(lines[-1])
