"""The pgwatch stand-in when something is missing, goes away or comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.equipment.postgres import PostgresServer, running_postgres
from tests.standins.pgwatch import PASSWORD, Pgwatch, make_databases
from tests.standins.support import http_get, wait_for

METRICS = """
metrics:
  beat: {sqls: {11: "SELECT 1 AS value"}, gauges: ['*']}
presets:
  everything: {metrics: {beat: 1}}
"""


@pytest.fixture(scope="module")
def unsteady() -> Iterator[PostgresServer]:
    """A server that tests may stop and start."""
    with running_postgres() as server:
        yield server


def beats(server: PostgresServer, name: str) -> int:
    with server.connect(f"{name}_sink") as conn:
        row = conn.execute("SELECT count(*) FROM public.beat").fetchone()
        return int(row[0]) if row else 0


def test_a_sink_that_goes_away_is_waited_for_and_misses_nothing(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(postgres, "losing_sink", unsteady)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "losing_sink", METRICS, sink=unsteady)
    try:
        wait_for("first rows", lambda: beats(unsteady, "losing_sink") >= 1)
        unsteady.stop()
        before = pgwatch.sample_time("pgwatch_beat_value")
        wait_for("Prometheus is served on", lambda: pgwatch.sample_time("pgwatch_beat_value") > before + 1500)
        unsteady.start()
        stored = beats(unsteady, "losing_sink")
        wait_for("what was collected meanwhile", lambda: beats(unsteady, "losing_sink") >= stored + 2)
        assert "the sink database cannot be used" in pgwatch.program.output
        wait_for("the log says so", lambda: "the sink database answers again" in pgwatch.program.output)
        with unsteady.connect("losing_sink_sink") as conn:
            gap = conn.execute(
                "SELECT max(gap) FROM (SELECT time - lag(time) OVER (ORDER BY time) AS gap FROM public.beat) AS gaps"
            ).fetchone()
        assert gap is not None
        assert gap[0].total_seconds() < 2.5
    finally:
        pgwatch.program.kill()


def test_a_source_that_goes_away_is_down_and_comes_back(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(unsteady, "losing_source", postgres)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, unsteady, "losing_source", METRICS, sink=postgres)
    try:
        pgwatch.scrape_with('pgwatch_instance_up{dbname="source-a"} 1')
        unsteady.stop()
        pgwatch.scrape_with('pgwatch_instance_up{dbname="source-a"} 0')
        assert http_get(f"{pgwatch.web_url}/liveness")[0] == 200
        unsteady.start()
        pgwatch.scrape_with('pgwatch_instance_up{dbname="source-a"} 1')
        before = beats(postgres, "losing_source")
        wait_for("new rows", lambda: beats(postgres, "losing_source") > before)
        failures = [line for line in pgwatch.program.output.splitlines() if "monitored database cannot be used" in line]
        assert 1 <= len(failures) <= 4, failures
    finally:
        pgwatch.program.kill()


def test_it_is_ready_only_when_the_sink_database_can_be_used(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "late", METRICS)
    try:
        wait_for("the failure is logged", lambda: "the sink database cannot be used" in pgwatch.program.output)
        assert http_get(f"{pgwatch.web_url}/readiness")[0] == 503
        assert http_get(f"{pgwatch.web_url}/liveness")[0] == 200
        make_databases(postgres, "late")
        wait_for("readiness", lambda: http_get(f"{pgwatch.web_url}/readiness")[0] == 200)
        wait_for("rows", lambda: beats(postgres, "late"))
        assert PASSWORD not in pgwatch.program.output
    finally:
        pgwatch.program.kill()


def test_measurements_older_than_the_retention_are_deleted(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(postgres, "tidy")
    with postgres.connect("tidy_sink") as conn:
        conn.execute("CREATE TABLE public.somebody_elses (time timestamptz, dbname text)")
        conn.execute("INSERT INTO public.somebody_elses VALUES (now() - interval '9 days', 'source-a')")
    pgwatch = Pgwatch(
        go_binary("pgwatch"),
        tmp_path,
        postgres,
        "tidy",
        METRICS,
        arguments=["--retention=2", "--maintenance-interval=1s"],
    )

    def ages() -> list[int]:
        with postgres.connect("tidy_sink") as conn:
            rows = conn.execute("SELECT extract(day FROM now() - time)::int FROM public.beat").fetchall()
        return [int(row[0]) for row in rows]

    try:
        wait_for("rows", ages)
        with postgres.connect("tidy_sink") as conn:
            conn.execute(
                "INSERT INTO public.beat VALUES (now() - interval '3 days', 'source-a', '{}'),"
                " (now() - interval '1 day', 'source-a', '{}')"
            )
        wait_for("the older one is deleted", lambda: 3 not in ages())
        assert 1 in ages()
        with postgres.connect("tidy_sink") as conn:
            assert conn.execute("SELECT count(*) FROM public.somebody_elses").fetchone() == (1,)
    finally:
        pgwatch.program.kill()


@pytest.mark.parametrize("databases", ["there", "missing"])
def test_sigterm_ends_it_within_a_second_with_exit_code_0(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path, databases: str
) -> None:
    name = f"ending_{databases}"
    if databases == "there":
        make_databases(postgres, name)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, name, METRICS)
    try:
        awaited = "connected" if databases == "there" else "the monitored database cannot be used"
        wait_for("it works", lambda: awaited in pgwatch.program.output)
        code, seconds = pgwatch.program.terminate()
        assert code == 0
        assert seconds < 1.0
        assert "stopped on request" in pgwatch.program.output
    finally:
        pgwatch.program.kill()


def test_all_faults_of_the_files_are_told_at_once_without_a_password(
    go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "sources.yml").write_text(
        """
- {name: a, kind: pgbouncer, conn_str: "postgresql://u:top-secret@h/d", is_enabled: true}
- {name: a, conn_str: "postgresql://u:top-secret@h/d", is_enabled: true}
- {name: b, is_enabled: true}
- {name: c, conn_str: "postgresql://u:top-secret@h:notaport/d", is_enabled: true}
"""
    )
    done = subprocess.run(
        [
            str(go_binary("pgwatch")),
            f"--sources={tmp_path / 'sources.yml'}",
            f"--metrics={tmp_path / 'none.yml'}",
            "--sink=prometheus://127.0.0.1:0",
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    for wanted in ("none.yml", "kind postgres only", "already defined", "conn_str is missing", "conn_str is not a"):
        assert wanted in done.stdout
    assert "top-secret" not in done.stdout + done.stderr
    assert "goroutine" not in done.stdout + done.stderr


def test_it_says_that_it_is_a_stand_in(go_binary: Callable[[str], Path]) -> None:
    done = subprocess.run([str(go_binary("pgwatch")), "--version"], capture_output=True, text=True, check=True)
    assert "stand-in" in done.stdout
