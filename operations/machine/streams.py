"""Carries what a program in a container reads and writes, to a terminal or to pipes."""

from __future__ import annotations

import os
import select
import socket
import struct
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_CHUNK = 1 << 16
_HEADER = struct.Struct(">BxxxL")
_STDERR = 2
# How often the terminal is asked for its size.
_LOOK_SECONDS = 0.3

OnSize = Callable[[int, int], bool]
"""Told the columns and lines of the terminal; says whether the program has been told."""


@dataclass(frozen=True, kw_only=True)
class Streams:
    """File descriptors of whoever talks to the program."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2

    @property
    def interactive(self) -> bool:
        """Whether somebody sits at a terminal, who then gets one in the container too."""
        return os.isatty(self.stdin) and os.isatty(self.stdout)

    def carry(self, connection: socket.socket, early: bytes, on_size: OnSize) -> None:
        """Carry both ways until the program has ended.

        Args:
            connection: Docker's connection to the program; without a terminal its output comes in frames.
            early: What has come over it already.
            on_size: Told how large the terminal is, and whenever that changes.

        Raises:
            OSError: The connection broke, or nobody reads the output any more.
        """
        connection.setblocking(False)
        deliver = self._deliver if self.interactive else _Frames(self).deliver
        deliver(early)
        pending, reading, size = b"", True, (0, 0)
        with self._raw():
            while True:
                if self.interactive and size != (now := os.get_terminal_size(self.stdin)) and on_size(*now):
                    size = now
                asked: list[socket.socket | int] = [connection, *([self.stdin] if reading and not pending else [])]
                readable, writable, _ = select.select(asked, [connection] if pending else [], [], _LOOK_SECONDS)
                if connection in readable:
                    if not (received := connection.recv(_CHUNK)):
                        return
                    deliver(received)
                if self.stdin in readable and not (pending := _read(self.stdin)):
                    reading = False
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
                if writable:
                    try:
                        pending = pending[connection.send(pending) :]
                    except (BrokenPipeError, ConnectionResetError):
                        # The program has ended without reading all of it; what it wrote is still to come.
                        pending, reading = b"", False

    def _deliver(self, received: bytes) -> None:
        write(self.stdout, received)

    @contextmanager
    def _raw(self) -> Iterator[None]:
        """Every key goes to the program, Ctrl-C too, and the program's terminal shows it."""
        if not self.interactive:
            yield
            return
        before = termios.tcgetattr(self.stdin)
        tty.setraw(self.stdin)
        try:
            yield
        finally:
            # A terminal that is closed needs nothing any more.
            with suppress(termios.error):
                termios.tcsetattr(self.stdin, termios.TCSADRAIN, before)


class _Frames:
    """Output in Docker's frames: each says which of the two streams it is of, and how long it is."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._received = b""

    def deliver(self, received: bytes) -> None:
        self._received += received
        while len(self._received) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._received)
            end = _HEADER.size + length
            if len(self._received) < end:
                return
            write(self._streams.stderr if kind == _STDERR else self._streams.stdout, self._received[_HEADER.size : end])
            self._received = self._received[end:]


def write(stream: int, content: bytes) -> None:
    """Write all of it."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(stream, rest) :]


def _read(stream: int) -> bytes:
    try:
        return os.read(stream, _CHUNK)
    except OSError:
        # A terminal that was closed.
        return b""
