"""The Flask backend stand-in when what it reads is not there, and when it is stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equipment.postgres import PostgresServer
from tests.standins.backend import Backend
from tests.standins.support import free_port, http_get, wait_for


@pytest.fixture
def lonely(postgres: PostgresServer, backend_python: Path, tmp_path: Path) -> Iterator[Backend]:
    """A backend whose VictoriaMetrics and sink database are missing."""
    running = Backend(backend_python, tmp_path, postgres, "no_such_database", f"http://127.0.0.1:{free_port()}")
    wait_for("the backend answers", lambda: http_get(f"{running.url}/health")[0] == 200)
    yield running
    running.program.kill()


def test_it_is_healthy_without_its_databases_and_says_what_is_missing(lonely: Backend) -> None:
    status, text = http_get(f"{lonely.url}/health")
    health = json.loads(text)
    assert (status, health["status"]) == (200, "ok")
    assert health["victoriametrics"]["reachable"] is False
    assert "no_such_database" in health["sink"]["detail"]


def test_a_health_check_is_quick(lonely: Backend) -> None:
    began = time.monotonic()
    for _ in range(10):
        http_get(f"{lonely.url}/health")
    assert time.monotonic() - began < 2


def test_missing_databases_are_told_in_one_sentence_and_a_scrape_still_works(lonely: Backend) -> None:
    status, text = http_get(f"{lonely.url}/table_info/csv")
    assert status == 503
    assert "cannot be used" in json.loads(text)["error"]
    status, text = http_get(f"{lonely.url}/query_info_metrics")
    assert status == 200
    assert "# TYPE pgwatch_query_info gauge" in text
    assert http_get(f"{lonely.url}/query_texts") == (200, "[]\n")


def test_sigterm_ends_it_at_once_with_exit_code_0_and_no_password_in_the_log(
    lonely: Backend, postgres: PostgresServer
) -> None:
    code, seconds = lonely.program.terminate()
    assert code == 0
    assert seconds < 1
    assert "stand-in" in lonely.program.output
    assert postgres.password not in lonely.program.output
    assert "Traceback" not in lonely.program.output
