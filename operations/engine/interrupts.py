"""Somebody asks a running command to stop: the engine ends what it has begun, and things are left in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from operations.engine.vendor import EngineProcess
from operations.errors import InterruptedOperationError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Signals that ask this process to stop: Ctrl-C, a cancelled CI job, a closed terminal.

    Args:
        process: The engine's process, which is asked in turn.

    Attributes:
        received: Number of the first signal; 0 where none has come.
    """

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._held_off: Callable[[str], None] | None = None
        self.received = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch for them while the block runs."""
        before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        try:
            yield
        finally:
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

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.received = self.received or number
        if self._held_off:
            self._held_off("one moment, leaving things in order")
        elif self._process.busy:
            self._process.interrupt()
        else:
            raise InterruptedOperationError("Interrupted; nothing is half-made.", number)
