"""GitLab down, slow, busy or odd: said once, nothing fails, nothing waits for long, no token is shown."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Response

from operations.errors import OperationError
from operations.review import deployments, hearers
from operations.review.client import GitLabError, ask
from tests.equipment.fakes import FakeGitLab
from tests.equipment.fakes.gitlab import User
from tests.unit.review.in_gitlab.conftest import Jobs

Note = Callable[[], str]
DRIP_SECONDS = 0.1


@pytest.fixture(params=["silent", "dripping"])
def slow_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a server that takes requests, and answers never or byte by byte."""
    ended = threading.Event()
    connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            while request.param == "dripping" and not ended.wait(DRIP_SECONDS):
                connection.sendall(b"H")
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
    for connection in connections:
        connection.close()


def test_a_gitlab_that_never_answers_holds_nothing_up(
    jobs: Jobs, slow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployments._SECONDS + hearers._NOTE_SECONDS <= 15
    monkeypatch.setattr(deployments, "_SECONDS", 0.5)
    monkeypatch.setattr(hearers, "_NOTE_SECONDS", 0.5)
    jobs.variables |= {"CI_API_V4_URL": f"{slow_server}/api/v4"}
    started = time.monotonic()
    jobs.update("deploying", "live")
    assert time.monotonic() - started < 60
    assert len(jobs.said) == 2
    assert all("did not answer in time" in said for said in jobs.said)


def test_a_gitlab_that_is_down_is_spoken_of_once_and_the_next_operation_mends_the_note(
    jobs: Jobs, note: Note, iid: int
) -> None:
    jobs.update("live")
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}"
    known = jobs.variables
    jobs.variables = {**known, "CI_API_V4_URL": f"{nobody}/api/v4"}
    jobs.update("deploying", "rolled back")
    assert len(jobs.said) == 2
    assert all("cannot be reached" in said for said in jobs.said)
    assert "🟢 Preview: live" in note()
    jobs.variables = known
    jobs.update("deploying", "live")
    assert "🟢 Preview: live" in note()
    assert len(jobs.said) == 2


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "GitLab answered 500: 500 Internal Server Error"),
        (502, "GitLab answered 502"),
        (401, "check PREVIEW_GITLAB_TOKEN, it may have expired"),
        (403, "check what PREVIEW_GITLAB_TOKEN may do"),
        (404, "check that PREVIEW_GITLAB_TOKEN belongs to the project"),
        (429, "429 Too Many Requests"),
    ],
)
def test_a_refusal_is_one_sentence_with_what_to_do(jobs: Jobs, iid: int, status: int, said: str) -> None:
    jobs.fake.fail_next(status, times=100)
    jobs.update("asleep")
    (sentence,) = jobs.said
    assert said in sentence
    assert "\n" not in sentence
    assert not jobs.fake.notes(iid)


def test_a_wait_that_gitlab_asks_for_is_kept_where_there_is_time(jobs: Jobs, note: Note) -> None:
    jobs.fake.fail_next(429, retry_after=1, path="/notes$")
    jobs.update("live")
    assert "🟢 Preview: live" in note()
    assert not jobs.said


def test_a_wait_for_which_there_is_no_time_is_not_begun(jobs: Jobs) -> None:
    jobs.fake.fail_next(429, times=100, retry_after=3600)
    started = time.monotonic()
    jobs.update("asleep")
    assert time.monotonic() - started < 60
    assert "429 Too Many Requests" in jobs.said[0]


@pytest.mark.parametrize("odd", ["null", '"text"', "[null]", '[{"id": []}]', "{}", "[1, 2", "<html>", "", "[[[[]]]]"])
def test_an_answer_of_any_form_ends_in_a_sentence_or_in_nothing(
    jobs: Jobs, iid: int, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: FakeGitLab) -> Response:
        return Response(odd, 200, mimetype="text/html" if odd == "<html>" else "application/json")

    monkeypatch.setattr(FakeGitLab, "_before", answer)
    jobs.update("deploying", "live")
    assert len(jobs.said) <= 2
    assert all("GitLab gave an answer that nobody expected" in said for said in jobs.said)


def test_a_token_that_may_only_read_is_told_apart(jobs: Jobs, iid: int) -> None:
    jobs.variables = {"PREVIEW_GITLAB_TOKEN": jobs.fake.add_token(User(9, "bob", 40), "read_api")}
    jobs.update("asleep")
    assert "insufficient_scope" in jobs.said[0]
    assert "check what PREVIEW_GITLAB_TOKEN may do" in jobs.said[0]


def test_no_message_holds_a_token(jobs: Jobs, iid: int) -> None:
    gitlab = jobs.gitlab()
    assert jobs.fake.token not in repr(gitlab)
    assert jobs.fake.job_token not in repr(gitlab)

    def fail(_: Any) -> None:
        from gitlab.exceptions import GitlabHttpError

        raise GitlabHttpError(f"bad: {jobs.fake.token} {jobs.fake.job_token}\n" + "x" * 5000, 400)

    with pytest.raises(GitLabError) as caught:
        ask(gitlab, "It cannot be done", fail, seconds=60)
    assert jobs.fake.token not in str(caught.value)
    assert jobs.fake.job_token not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert isinstance(caught.value, OperationError)
