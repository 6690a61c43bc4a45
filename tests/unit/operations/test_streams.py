"""What a program in a container writes and reads arrives, whole and in the right place."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from operations.machine.streams import Streams


def frame(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(content)) + content


@dataclass
class Pipes:
    """Whoever talks to a program, at the other ends of pipes, and the program."""

    streams: Streams
    stdin: int
    stdout: int
    stderr: int
    connection: socket.socket
    program: socket.socket

    def carry(self, early: bytes = b"") -> threading.Thread:
        def carried() -> None:
            self.streams.carry(self.connection, early, lambda columns, lines: True)
            os.close(self.streams.stdout)
            os.close(self.streams.stderr)

        thread = threading.Thread(target=carried, daemon=True)
        thread.start()
        return thread


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    (read_in, write_in), (read_out, write_out), (read_err, write_err) = os.pipe(), os.pipe(), os.pipe()
    connection, program = socket.socketpair()
    program.settimeout(60)
    with connection, program:
        yield Pipes(
            streams=Streams(stdin=read_in, stdout=write_out, stderr=write_err),
            stdin=write_in,
            stdout=read_out,
            stderr=read_err,
            connection=connection,
            program=program,
        )


def everything(stream: int) -> bytes:
    with os.fdopen(stream, "rb") as file:
        return file.read()


def test_both_outputs_arrive_apart_wherever_their_frames_are_cut(pipes: Pipes) -> None:
    sent = frame(1, b"one ") + frame(2, b"wrong") + frame(1, b"two")
    # The first bytes may have come together with the answer's head.
    thread = pipes.carry(early=sent[:3])
    for place in range(3, len(sent)):
        pipes.program.sendall(sent[place : place + 1])
    pipes.program.shutdown(socket.SHUT_WR)
    thread.join(60)
    assert (everything(pipes.stdout), everything(pipes.stderr)) == (b"one two", b"wrong")


def test_a_program_sees_the_end_of_its_input_and_may_still_write(pipes: Pipes) -> None:
    thread = pipes.carry()
    given = os.urandom(1 << 20)

    def give() -> None:
        with os.fdopen(pipes.stdin, "wb") as file:
            file.write(given)

    threading.Thread(target=give, daemon=True).start()
    received = b""
    while part := pipes.program.recv(1 << 16):
        received += part
    assert received == given
    pipes.program.sendall(frame(1, b"read all"))
    pipes.program.close()
    thread.join(60)
    assert everything(pipes.stdout) == b"read all"


def test_a_program_that_ends_without_reading_ends_the_command(pipes: Pipes) -> None:
    thread = pipes.carry()
    pipes.program.sendall(frame(1, b"no, thanks"))
    pipes.program.close()
    os.write(pipes.stdin, b"x" * 1000)
    thread.join(60)
    assert not thread.is_alive(), "its input is open still"
    assert everything(pipes.stdout) == b"no, thanks"


def test_output_that_nobody_reads_is_an_error(pipes: Pipes) -> None:
    os.close(pipes.stdout)
    pipes.program.sendall(frame(1, b"x"))
    with pytest.raises(BrokenPipeError):
        pipes.streams.carry(pipes.connection, b"", lambda columns, lines: True)
