"""Images that are not on the machine are pulled, and what comes between is told as what it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from itertools import repeat
from pathlib import Path

import pytest

from operations.errors import OperationError, RefusedError
from operations.machine import images
from operations.machine.connection import Way
from operations.machine.docker import Docker
from tests.equipment.fakes.docker_api import FakeDocker

GONE = (404, {"message": "No such image: r.example/g:1"})
PULL = "POST /images/create"
ROW = {"status": "Downloading", "id": "9b5a"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeDocker]:
    with FakeDocker(tmp_path / "docker.sock", {"GET /images/r.example/g:1/json": GONE}) as running:
        yield running


@pytest.fixture
def docker(engine: FakeDocker) -> Docker:
    return Docker(Way(lambda: engine.address, "there", "try again"))


def rows(
    told: Iterator[object] | list[object], *, ends: bool = True, silent: float = 0
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Rows of a pull that ends, or breaks off."""

    def write(asking: BaseHTTPRequestHandler) -> None:
        asking.protocol_version = "HTTP/1.1"
        asking.close_connection = True
        asking.send_response(200)
        asking.send_header("Transfer-Encoding", "chunked")
        asking.end_headers()
        try:
            for row in told:
                line = json.dumps(row).encode() + b"\r\n"
                asking.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                time.sleep(silent)
            if ends:
                asking.wfile.write(b"0\r\n\r\n")
        except BrokenPipeError:
            # Nobody listens any more.
            return

    return write


def pulled(docker: Docker) -> dict[str, str]:
    return docker.use_images(["r.example/g:1"], lambda _: None)


def test_a_pull_that_fails_on_its_way_is_refused_with_the_engine_s_reason(engine: FakeDocker, docker: Docker) -> None:
    failed = {"errorDetail": {}, "error": "write /var/lib/docker/tmp/x: no space left on device"}
    engine.replies[PULL] = rows([ROW, failed])
    with pytest.raises(RefusedError) as refused:
        pulled(docker)
    assert str(refused.value) == (
        "The image r.example/g:1 is not on the machine and cannot be pulled (write /var/lib/docker/tmp/x: no space "
        "left on device): remove the reason and try again, or put the image on the machine. Nothing was changed."
    )


def test_an_image_that_no_registry_has_is_refused_with_advice_about_its_name(
    engine: FakeDocker, docker: Docker
) -> None:
    engine.replies[PULL] = (404, {"message": "manifest for r.example/g:1 not found: manifest unknown"})
    with pytest.raises(RefusedError, match=r"manifest unknown\): correct its name, or put the image on the machine\."):
        pulled(docker)


def test_a_registry_that_does_not_answer_is_no_reason_to_correct_a_name(engine: FakeDocker, docker: Docker) -> None:
    engine.replies[PULL] = (500, {"message": 'Get "https://r.example/v2/": dial tcp: i/o timeout'})
    with pytest.raises(RefusedError, match=r"i/o timeout\): remove the reason and try again, or put"):
        pulled(docker)


def test_a_connection_that_breaks_during_a_pull_is_no_refusal(engine: FakeDocker, docker: Docker) -> None:
    engine.replies[PULL] = rows([ROW], ends=False)
    with pytest.raises(OperationError, match=r"engine there does not pull the image r\.example/g:1 ") as failed:
        pulled(docker)
    assert not isinstance(failed.value, RefusedError)


def test_a_pull_that_never_ends_is_given_up(
    engine: FakeDocker, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_PULL_SECONDS", 0.2)
    engine.replies[PULL] = rows(repeat(ROW), silent=0.01)
    with pytest.raises(OperationError, match="has not got to the end within"):
        pulled(docker)


def test_a_pull_in_which_nothing_happens_is_given_up(
    engine: FakeDocker, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_SILENT_SECONDS", 0.1)
    engine.replies[PULL] = rows([ROW], silent=1)
    with pytest.raises(OperationError, match="timed out"):
        pulled(docker)


def test_an_image_is_pulled_by_its_whole_name_and_used(engine: FakeDocker, docker: Docker) -> None:
    found = {"Id": "sha256:0123456789abcdef", "RepoTags": []}

    def arrive(asking: BaseHTTPRequestHandler) -> None:
        engine.replies["GET /images/r.example/g:1/json"] = (200, found)
        assert asking.path.endswith("/images/create?fromImage=r.example%2Fg&tag=1")
        rows([ROW, {"status": "Download complete"}])(asking)

    engine.replies[PULL] = arrive
    engine.replies["POST /images/sha256:0123456789abcdef/tag"] = (201, {})
    before = docker._client.api.timeout
    assert pulled(docker) == {"r.example/g:1": found["Id"]}
    assert docker._client.api.timeout == before
