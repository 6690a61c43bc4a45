"""The pgwatch stand-in when a source or the sink is missing, goes away or comes back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.equipment.postgres import PostgresServer, running_postgres
from tests.equipment.programs import http_get, wait_for
from tests.standins.pgwatch import BEAT, PASSWORD, Pgwatch, beats, make_databases


@pytest.fixture(scope="module")
def unsteady() -> Iterator[PostgresServer]:
    """A server that tests may stop and start."""
    with running_postgres() as server:
        yield server


def test_a_sink_that_goes_away_is_written_to_again_without_what_it_missed(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(postgres, "losing_sink", unsteady)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "losing_sink", BEAT, sink=unsteady)
    try:
        wait_for("first rows", lambda: beats(unsteady, "losing_sink") >= 1)
        with unsteady.stopped():
            before = pgwatch.sample_time("pgwatch_beat_value")
            wait_for("Prometheus is served on", lambda: pgwatch.sample_time("pgwatch_beat_value") > before + 1500)
            wait_for("the log says so", lambda: "measurements are lost" in pgwatch.program.output)
        stored = beats(unsteady, "losing_sink")
        wait_for("new rows", lambda: beats(unsteady, "losing_sink") > stored)
        with unsteady.connect("losing_sink_sink") as conn:
            gap = conn.execute(
                "SELECT max(gap) FROM (SELECT time - lag(time) OVER (ORDER BY time) AS gap FROM public.beat) AS gaps"
            ).fetchone()
        assert gap is not None
        assert gap[0].total_seconds() > 1.5
    finally:
        pgwatch.program.kill()


def test_a_source_that_goes_away_is_silent_until_it_comes_back(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(unsteady, "losing_source", postgres)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, unsteady, "losing_source", BEAT, sink=postgres)
    try:
        assert samples_of_up(pgwatch.scrape_with("pgwatch_instance_up")) == [1]
        wait_for("first rows", lambda: beats(postgres, "losing_source"))
        with unsteady.stopped():
            wait_for("the failure is logged", lambda: "metric=instance_up" in pgwatch.program.output)
            pgwatch.scrape()
            stored = beats(postgres, "losing_source")
            # Two rounds of each metric.
            seen: list[float] = []
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                seen += samples_of_up(pgwatch.scrape())
            assert seen == []
            assert beats(postgres, "losing_source") == stored
            assert http_get(f"{pgwatch.web_url}/liveness")[0] == 200
        assert samples_of_up(pgwatch.scrape_with("pgwatch_instance_up")) == [1]
        wait_for("new rows", lambda: beats(postgres, "losing_source") > stored)
    finally:
        pgwatch.program.kill()


def samples_of_up(text: str) -> list[float]:
    return [float(value) for value in re.findall(r"^pgwatch_instance_up{.*} (\S+) \d+$", text, re.MULTILINE)]


def test_a_source_that_is_not_there_at_the_start_is_tried_again_at_a_refresh(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(unsteady, "late_source", postgres)
    with ExitStack() as comes_back:
        comes_back.enter_context(unsteady.stopped())
        pgwatch = Pgwatch(
            go_binary("pgwatch"), tmp_path, unsteady, "late_source", BEAT, sink=postgres, arguments=["--refresh=2"]
        )
        try:
            wait_for("the failure is logged", lambda: "retrying on next iteration" in pgwatch.program.output)
            assert http_get(f"{pgwatch.web_url}/readiness")[0] == 200
            comes_back.close()
            wait_for("rows", lambda: beats(postgres, "late_source"))
        finally:
            pgwatch.program.kill()


def test_it_ends_when_a_sink_is_not_there_at_its_start(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "no_sink", BEAT)
    try:
        assert pgwatch.program.process.wait(timeout=15) == 1
        assert pgwatch.program.output.count("connection failed") == 4
        assert PASSWORD not in pgwatch.program.output
    finally:
        pgwatch.program.kill()
