"""The outgoing message: what it says, and that it holds nothing up."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import get_args

import pytest

from operations.errors import OperationError
from operations.happening import Happening, What, all_of
from operations.review.notify import VARIABLE, message, notifies
from stacks.names import PreviewName

TOKEN = "5ecret-0f-the-room"


def happening(what: What, branch: str = "feature/a", why: str = "", by: str = "jane") -> Happening:
    return Happening(
        what=what,
        name=PreviewName(branch),
        machine=None,
        by=by,
        commit="6063e25aa0b1cdef",
        url="https://preview-feature-a.pgai.watch",
        expires_at="2026-12-01T14:05:00Z",
        why=why,
    )


@dataclass
class Room:
    """Where messages arrive.

    Attributes:
        url: Its address.
        texts: What has arrived.
        answers: Statuses of the next answers; 200 when there are no more, 0 for none at all.
        closing: Set when the test is over.
    """

    url: str
    texts: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def room() -> Iterator[Room]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.texts.append(body["text"])
            status = known.answers.pop(0) if known.answers else 200
            if not status:
                # A byte now and then: no read ever takes long.
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not known.closing.wait(0.05):
                    self.wfile.write(b"X-Slow: 1\r\n")
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            # Whoever waited may have left.
            with contextlib.suppress(OSError):
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        known = Room(f"http://127.0.0.1:{server.server_port}/{TOKEN}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield known
        finally:
            known.closing.set()
            server.shutdown()
            thread.join()


def test_what_concerns_everybody_is_sent_and_nothing_else(room: Room) -> None:
    hear = notifies(room.url)
    for what in get_args(What):
        hear(happening(what))
    live = "is live: <https://preview-feature-a.pgai.watch>"
    words = [live, "did not come up", "its last good version runs", "nor its last good version", "ends at"]
    assert len(room.texts) == 6
    for text, expected in zip(room.texts, [*words, "is gone"], strict=True):
        assert "*feature/a*" in text
        assert expected in text
        assert "commit 6063e25aa0b1, by jane" in text


def test_a_service_in_trouble_is_asked_once_more(room: Room) -> None:
    room.answers = [429]
    notifies(room.url)(happening("live"))
    assert len(room.texts) == 2


@pytest.mark.parametrize(("answers", "reason"), [([500, 503], "HTTP status 503"), ([404], "HTTP status 404")])
def test_what_is_not_taken_is_said_once_without_the_address(room: Room, answers: list[int], reason: str) -> None:
    room.answers = answers * 2
    notes: list[str] = []
    hear = all_of([notifies(room.url)], notes.append)
    hear(happening("live"))
    hear(happening("gone"))
    assert notes == [
        f"The message to the address in {VARIABLE} was not delivered ({reason}): see that it is right and that its "
        "server answers."
    ]


def test_a_slow_service_holds_an_operation_up_for_a_moment_and_only_once(room: Room) -> None:
    room.answers = [0, 0, 0]
    hear = notifies(room.url, seconds=0.5)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(OperationError, match="no answer in time"):
            hear(happening("live"))
    assert time.monotonic() - began < 8, "twenty times would be ten seconds"
    assert len(room.texts) <= 1


@pytest.mark.parametrize("url", ["nonsense", "ftp://x/y", "http://[::1", f"http://user:{TOKEN}@:99999/"])
def test_an_address_that_is_none_is_said_and_not_shown(url: str) -> None:
    with pytest.raises(OperationError) as told:
        notifies(url)(happening("live"))
    assert url not in str(told.value)
    assert TOKEN not in str(told.value)


def test_a_service_that_is_not_there_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OperationError, match="ConnectError"):
            notifies(f"http://127.0.0.1:{taken.getsockname()[1]}/{TOKEN}")(happening("live"))


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_one_sentence_that_names_it(
    room: Room, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    notes: list[str] = []
    all_of([notifies(room.url)], notes.append)(happening("live"))
    assert notes == [
        f"The message to the address in {VARIABLE} cannot be sent through the proxy that the environment names, which "
        "has to be an HTTP proxy (http://HOST:PORT): correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or unset them."
    ]
    assert "Traceback" not in capfd.readouterr().err


def test_without_an_address_nobody_is_told() -> None:
    notifies("")(happening("live"))


def test_no_name_or_reason_becomes_a_link_or_a_mention() -> None:
    text = message(happening("failed", "x/<!channel>&<b|c>", "<!here> & more. Not this.", "<@U1>"))
    assert not set("<>") & set(text)
    assert "&lt;!channel&gt;&amp;&lt;b|c&gt;" in text
    assert "&lt;!here&gt; &amp; more." in text
    assert "Not this" not in text


def test_a_long_reason_is_cut() -> None:
    assert len(message(happening("failed", why="x" * 100_000))) < 500
