"""The pgwatch stand-in from the files that it reads to its end: what it takes, keeps and deletes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import http_get, wait_for
from tests.standins.pgwatch import BEAT, Pgwatch, beats, make_databases

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
        BEAT,
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
    pgwatch = Pgwatch(go_binary("pgwatch"), tmp_path, postgres, name, BEAT)
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
        ("[{name: a}, {name: a}]", BEAT, "duplicate source with name"),
        ("not: [yaml", BEAT, "could not refresh active sources"),
        ("[]", "metrics: [a list]", "could not refresh metric definitions"),
        (
            '[{name: c, is_enabled: true, conn_str: "postgresql://u:top-secret@h:notaport/d"}]',
            BEAT,
            "could not init",
        ),
        ("[{name: a, is_enabled: true, kind: pgbouncer}]", BEAT, "kind postgres only"),
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
        (tmp_path / "metrics.yml").write_text(BEAT)
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
