"""The pgwatch stand-in when something is missing, goes away or comes back."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg import sql

from tests.equipment.postgres import PostgresServer, running_postgres
from tests.equipment.programs import http_get, wait_for
from tests.standins.pgwatch import PASSWORD, Pgwatch, make_databases

METRICS = """
metrics:
  beat: {sqls: {11: "SELECT 1 AS value"}, gauges: ['*']}
  instance_up: {sqls: {11: "SELECT 1 AS instance_up"}}
presets:
  everything: {metrics: {beat: 1, instance_up: 1}}
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


def test_a_sink_that_goes_away_is_written_to_again_without_what_it_missed(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(postgres, "losing_sink", unsteady)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "losing_sink", METRICS, sink=unsteady)
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


SHADOWED = """
metrics:
  first: {sqls: {11: "SELECT 1 AS value"}}
  pg_stat_all_indexes: {sqls: {11: "SELECT 1 AS value"}}
  second: {sqls: {11: "SELECT 1 AS value"}}
presets:
  everything: {metrics: {first: 1, pg_stat_all_indexes: 1, second: 1}}
"""


@pytest.mark.parametrize("ahead", [False, True], ids=["behind the catalog", "ahead of the catalog"])
def test_a_metric_that_is_named_as_a_view_of_postgresqls_ends_all_storing_where_the_search_path_finds_the_view(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path, ahead: bool
) -> None:
    name = f"shadowed_{ahead}".lower()
    make_databases(postgres, name)
    if ahead:
        with postgres.connect() as conn:
            path = "ALTER ROLE {} IN DATABASE {} SET search_path = public, pg_catalog"
            conn.execute(sql.SQL(path).format(sql.Identifier(name), sql.Identifier(f"{name}_sink")))
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, name, SHADOWED)

    def stored(metric: str) -> int:
        with postgres.connect(f"{name}_sink") as conn:
            where = sql.Identifier("public", metric)
            if conn.execute("SELECT to_regclass(%s)", [f"public.{metric}"]).fetchone() == (None,):
                return 0
            found = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(where)).fetchone()
            return int(found[0]) if found else 0

    try:
        if ahead:
            wait_for("all are stored", lambda: all(map(stored, ("first", "pg_stat_all_indexes", "second"))))
            return
        wait_for("the log says so", lambda: "SQLSTATE 42703" in pgwatch.program.output)
        # What was written before the first batch with the misfit stays.
        earlier = stored("second")
        before = pgwatch.sample_time("pgwatch_second_value")
        wait_for("Prometheus is served on", lambda: pgwatch.sample_time("pgwatch_second_value") > before + 2500)
        assert (stored("pg_stat_all_indexes"), stored("second")) == (0, earlier)
    finally:
        pgwatch.program.kill()


def test_a_source_that_goes_away_is_silent_until_it_comes_back(
    postgres: PostgresServer, unsteady: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    make_databases(unsteady, "losing_source", postgres)
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, unsteady, "losing_source", METRICS, sink=postgres)
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
            go_binary("pgwatch"), tmp_path, unsteady, "late_source", METRICS, sink=postgres, arguments=["--refresh=2"]
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
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "no_sink", METRICS)
    try:
        assert pgwatch.program.process.wait(timeout=15) == 1
        assert pgwatch.program.output.count("connection failed") == 4
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


@pytest.mark.parametrize("databases", ["there", "without a source"])
def test_sigterm_ends_it_within_a_second_with_exit_code_0(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path, databases: str
) -> None:
    name = f"ending_{len(databases)}"
    make_databases(postgres, name)
    if databases != "there":
        with postgres.connect() as conn:
            conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(f"{name}_target")))
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, name, METRICS)
    try:
        awaited = "connected" if databases == "there" else "retrying on next iteration"
        wait_for("it works", lambda: awaited in pgwatch.program.output)
        code, seconds = pgwatch.program.terminate()
        assert code == 0
        assert seconds < 5
        assert "stopped on request" in pgwatch.program.output
    finally:
        pgwatch.program.kill()


@pytest.mark.parametrize(
    ("sources", "metrics", "told"),
    [
        ("[{name: a}, {name: a}]", METRICS, "duplicate source with name"),
        ("not: [yaml", METRICS, "could not refresh active sources"),
        ("[]", "metrics: [a list]", "could not refresh metric definitions"),
        (
            '[{name: c, is_enabled: true, conn_str: "postgresql://u:top-secret@h:notaport/d"}]',
            METRICS,
            "could not init",
        ),
        ("[{name: a, is_enabled: true, kind: pgbouncer}]", METRICS, "kind postgres only"),
    ],
)
def test_broken_files_are_logged_without_a_password_and_mended_at_a_refresh(
    postgres: PostgresServer,
    go_binary: Callable[[str], Path],
    tmp_path: Path,
    sources: str,
    metrics: str,
    told: str,
) -> None:
    name = f"mended_{len(sources)}"
    make_databases(postgres, name)
    pgwatch = Pgwatch(
        go_binary("pgwatch"), tmp_path, postgres, name, metrics, sources=sources, arguments=["--refresh=1"]
    )
    try:
        wait_for("the fault is told", lambda: told in pgwatch.program.output)
        assert http_get(f"{pgwatch.web_url}/readiness")[0] == 200
        assert "top-secret" not in pgwatch.program.output
        (tmp_path / "metrics.yml").write_text(METRICS)
        (tmp_path / "sources.yml").write_text(pgwatch.good_sources)
        wait_for("rows", lambda: beats(postgres, name))
    finally:
        pgwatch.program.kill()


def test_the_projects_own_metrics_are_taken(
    postgres: PostgresServer, go_binary: Callable[[str], Path], tmp_path: Path
) -> None:
    metrics = (Path(__file__).parents[2] / "config" / "pgwatch-prometheus" / "metrics.yml").read_text()
    make_databases(postgres, "own_metrics")
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, "own_metrics", metrics)
    try:
        wait_for("the files are read", lambda: "sources refreshed" in pgwatch.program.output)
        assert "could not refresh" not in pgwatch.program.output
    finally:
        pgwatch.program.kill()


def test_it_says_that_it_is_a_stand_in(go_binary: Callable[[str], Path]) -> None:
    done = subprocess.run([str(go_binary("pgwatch")), "--version"], capture_output=True, text=True, check=True)
    assert "stand-in" in done.stdout
