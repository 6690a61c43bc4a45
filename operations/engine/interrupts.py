"""Somebody asks a running command to stop: the engine ends what it has begun, and things are left in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from operations.errors import InterruptedOperationError

if TYPE_CHECKING:
    from operations.engine.process import EngineProcess

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 1.0


class Interrupts:
    """Signals that ask this process to stop: Ctrl-C, a cancelled CI job, a closed terminal.

    Attributes:
        received: Number of the first signal; 0 where none has come.
    """

    def __init__(self) -> None:
        self._followed: list[tuple[EngineProcess, Callable[[str], None]]] = []
        self._held_off: Callable[[str], None] | None = None
        self._raised = False
        self.received = 0

    def follow(self, process: EngineProcess, on_note: Callable[[str], None]) -> None:
        """Ask an engine's process to stop in turn, and let it start nothing afterwards.

        Args:
            process: The process.
            on_note: Told that it has been asked.
        """
        process.only_while(self.require_none)
        self._followed.append((process, on_note))

    def require_none(self) -> None:
        """Go no further where somebody has asked to stop and is not held off.

        Raises:
            InterruptedOperationError: Somebody has.
        """
        if self.received and not self._held_off:
            raise InterruptedOperationError(
                "Interrupted: nothing new was begun. The same command again does the rest.", self.received
            )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch for them while the block runs.

        Python calls no handler while the main thread waits in a system call. One that comes just before such a call, or
        to another thread, would be heard when the call returns: for an engine that runs, at its end. An alarm a second
        ends the call, which Python then goes on with by itself.
        """
        terminals = [stream for stream in (1, 2) if os.isatty(stream)]

        def handle(number: int, _: FrameType | None) -> None:
            if number == signal.SIGHUP:
                _leave(terminals)
            self._handle(number)

        before = {number: signal.signal(number, handle) for number in _SIGNALS}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held_off(self, on_note: Callable[[str], None]) -> Iterator[None]:
        """Let nothing interrupt the block: it leaves things in order.

        Args:
            on_note: Told that somebody has tried.
        """
        self._held_off = on_note
        try:
            yield
        finally:
            self._held_off = None

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """Within a block that nothing interrupts, one that may be interrupted.

        Raises:
            InterruptedOperationError: Somebody has tried already.
        """
        held_off, self._held_off = self._held_off, None
        try:
            self.require_none()
            yield
        finally:
            self._held_off = held_off

    def _handle(self, number: int) -> None:
        self.received = self.received or number
        if self._held_off:
            with suppress(OSError):
                self._held_off("one moment, leaving things in order")
        elif busy := [followed for followed in self._followed if followed[0].busy]:
            for process, on_note in busy:
                process.interrupt()
                with suppress(OSError):
                    on_note("stopping: the engine ends what it has begun, which may take minutes")
        elif not self._raised:
            self._raised = True
            self.require_none()


def _leave(terminals: list[int]) -> None:
    """Write to nowhere from now on: a terminal that is closed takes nothing, and what is under way must not fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in terminals:
        os.dup2(nowhere, stream)
    os.close(nowhere)
