"""The counter of calls of the Docker Engine's API."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from bench.api_calls import RequestCounter, counted_api

PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
LINE = b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\n"


def counted(*parts: bytes) -> int:
    counter = RequestCounter()
    for part in parts:
        counter.feed(part)
    return counter.count


@pytest.mark.parametrize("cut", range(1, len(PING)))
def test_a_request_that_is_split_over_two_reads_counts_once(cut: int) -> None:
    assert counted(PING[:cut], PING[cut:]) == 1


def test_requests_that_come_in_one_read_count_each() -> None:
    assert counted(PING + PING + PING.replace(b"GET", b"HEAD")) == 3


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_body_that_looks_like_a_request_does_not_count(step: int) -> None:
    body = b"\r\n" + PING
    stream = LINE + f"Content-Length: {len(body)}\r\n\r\n".encode() + body + PING
    assert counted(*(stream[start : start + step] for start in range(0, len(stream), step))) == 2


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_chunked_body_does_not_count(step: int) -> None:
    chunk = f"{2 * len(PING):x}\r\n".encode() + 2 * PING + b"\r\n"
    stream = LINE + b"Transfer-Encoding: chunked\r\n\r\n" + 2 * chunk + b"0\r\n\r\n" + PING
    assert counted(*(stream[start : start + step] for start in range(0, len(stream), step))) == 2


def test_a_request_that_follows_a_body_without_the_end_of_a_line_counts() -> None:
    assert counted(LINE + b"Content-Length: 2\r\n\r\n{}" + PING) == 2


def test_what_a_hijacked_stream_carries_does_not_count() -> None:
    assert counted(LINE + b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n", PING) == 1


def test_the_proxy_passes_on_an_end_of_one_direction_and_keeps_the_other_open(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(tmp_path / "engine.sock"))
        engine.listen()

        def answer() -> None:
            connection, _ = engine.accept()
            with connection:
                asked = b""
                while data := connection.recv(1024):
                    asked += data
                connection.sendall(b"heard " + asked)

        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        with (
            counted_api(tmp_path / "engine.sock") as api,
            socket.socket(socket.AF_UNIX) as client,
        ):
            client.settimeout(10)
            client.connect(api.address.removeprefix("unix://"))
            client.sendall(PING)
            client.shutdown(socket.SHUT_WR)
            heard = b""
            while data := client.recv(1024):
                heard += data
            assert heard == b"heard " + PING
            assert api.calls == 1
        answering.join(10)
