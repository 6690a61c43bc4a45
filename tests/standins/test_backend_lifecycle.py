"""The Flask backend stand-in when what it reads is not there, and when it is stopped."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.equipment.ports import free_port
from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import http_get, wait_for
from tests.standins.backend import ORIGINAL, Backend

START_SECONDS = 60  # numpy and pandas on a busy machine
GIVES_UP_SECONDS = 60  # its client of Prometheus tries several times


class _Empty(BaseHTTPRequestHandler):
    """A VictoriaMetrics without a sample."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def prometheus_port() -> int:
    return free_port()


@pytest.fixture
def lonely(postgres: PostgresServer, backend_python: Path, tmp_path: Path, prometheus_port: int) -> Iterator[Backend]:
    """A backend whose VictoriaMetrics and sink database are missing."""
    running = Backend(backend_python, tmp_path, postgres, "no_such_database", f"http://127.0.0.1:{prometheus_port}")
    wait_for("the backend answers", lambda: http_get(f"{running.url}/version")[0] == 200, START_SECONDS)
    yield running
    running.program.kill()


def test_it_is_unhealthy_until_victoriametrics_answers(lonely: Backend, prometheus_port: int) -> None:
    status, text = http_get(f"{lonely.url}/health", GIVES_UP_SECONDS)
    assert (status, json.loads(text)["status"]) == (500, "unhealthy")
    with HTTPServer(("127.0.0.1", prometheus_port), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert http_get(f"{lonely.url}/health")[0] == 200
        finally:
            server.shutdown()
            thread.join()
    assert http_get(f"{lonely.url}/health", GIVES_UP_SECONDS)[0] == 500


def test_missing_databases_are_told_in_one_sentence_and_a_scrape_still_works(lonely: Backend) -> None:
    status, text = http_get(f"{lonely.url}/metrics", GIVES_UP_SECONDS)
    assert status == 500
    assert "Connection refused" in json.loads(text)["error"]
    status, text = http_get(f"{lonely.url}/query_info_metrics")
    assert status == 200
    assert "# TYPE pgwatch_query_info gauge" in text
    assert http_get(f"{lonely.url}/query_texts") == (200, "[]\n")


def test_sigterm_ends_it_with_exit_code_0_and_no_password_in_the_log(lonely: Backend, postgres: PostgresServer) -> None:
    http_get(f"{lonely.url}/query_texts")
    assert "no_such_database" in lonely.program.output
    code, seconds = lonely.program.terminate()
    assert code == 0
    assert seconds < 5
    assert ORIGINAL or "stand-in" in lonely.program.output
    assert postgres.password not in lonely.program.output
    assert "Traceback" not in lonely.program.output
