"""New databases of a preview: whatever roles a branch's own SQL makes, only the preview's own passwords work."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.equipment.postgres import BINARIES, PostgresServer, running_postgres

INITDB = Path(__file__).resolve().parents[2] / "components/initdb"

BRANCH = {
    "sink": """
        create role pgwatch with login superuser password 'in-the-repository';
        create database measurements owner pgwatch;
        \\c measurements
        create extension pg_stat_statements;
        create table public.texts (time timestamptz not null, dbname text not null, data jsonb not null, tag_data jsonb)
            partition by list (dbname);
        alter table public.texts owner to pgwatch;
    """,
    "target": """
        create extension if not exists pg_stat_statements;
        create user monitor with password 'in-the-repository';
        grant execute on function pg_ls_dir(text) to monitor;
        create role boss with login superuser password 'in-the-repository';
        alter role postgres password 'in-the-repository';
    """,
}


@contextmanager
def initialised(key: str, folder: Path) -> Iterator[PostgresServer]:
    """A server that was initialised as the image does it: first with the branch's files, then with the preview's."""
    with running_postgres({"shared_preload_libraries": "pg_stat_statements"}) as server:
        database = "postgres" if key == "sink" else "target_database"
        if database != "postgres":
            with server.connect() as admin:
                admin.execute("create database target_database")
        for name in ("postgres", "pgwatch", "grafana", "workload"):
            (folder / f"{key}_{name}").write_text(server.password if name == "postgres" else f"own-{name}")
        (folder / "branch.sql").write_text(BRANCH[key])
        roles = (INITDB / key / "10-roles.sql").read_text().replace("/run/secrets", str(folder))
        (folder / "10-roles.sql").write_text(roles)
        run(server, database, folder / "branch.sql", folder / "10-roles.sql")
        yield server


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with initialised("sink", tmp_path_factory.mktemp("sink")) as server:
        yield server


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with initialised("target", tmp_path_factory.mktemp("target")) as server:
        yield server


def run(server: PostgresServer, database: str, *files: Path) -> None:
    # In one session: the image's own comes over a socket and needs no password, which the branch may have changed.
    place = ["-h", server.host, "-p", str(server.port), "-U", "postgres", "-d", database]
    scripts = [part for file in files for part in ("-f", str(file))]
    done = subprocess.run(
        [str(BINARIES / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-q", *place, *scripts],
        env={**os.environ, "PGPASSWORD": server.password},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def log_in(server: PostgresServer, user: str, password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=server.host, port=server.port, user=user, password=password, dbname=database, autocommit=True
    )


def require_refused(server: PostgresServer, user: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        log_in(server, user, "in-the-repository", "postgres")


def test_no_password_of_the_branch_opens_the_sink(sink: PostgresServer) -> None:
    require_refused(sink, "pgwatch")


@pytest.mark.parametrize("user", ["monitor", "boss", "postgres"])
def test_no_password_of_the_branch_opens_the_target(target: PostgresServer, user: str) -> None:
    require_refused(target, user)


def test_pgwatch_stores_what_it_collects_in_the_branchs_own_tables(sink: PostgresServer) -> None:
    with log_in(sink, "pgwatch", "own-pgwatch", "measurements") as pgwatch:
        pgwatch.execute("create schema admin")
        pgwatch.execute("create table public.pg_stat_statements (a int)")
        pgwatch.execute("create table public.texts_x partition of public.texts for values in ('x')")
        assert pgwatch.execute("select rolsuper from pg_roles where rolname = 'pgwatch'").fetchone() == (False,)


def test_viewers_read_the_branchs_own_tables_and_change_nothing(sink: PostgresServer) -> None:
    with log_in(sink, "grafana", "own-grafana", "measurements") as grafana:
        grafana.execute("select * from public.texts")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            grafana.execute("create table public.other (a int)")


def test_the_target_is_monitored_with_the_rights_of_the_branchs_own_role(target: PostgresServer) -> None:
    with log_in(target, "pgwatch", "own-pgwatch", "target_database") as pgwatch:
        pgwatch.execute("select pg_ls_dir('.')")
        pgwatch.execute("select count(*) from pg_stat_statements")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pgwatch.execute("set role boss")


def test_the_workload_writes_where_the_branch_has_tables_of_its_own(target: PostgresServer) -> None:
    with log_in(target, "workload", "own-workload", "target_database") as workload:
        workload.execute("create table workload.own (a int)")
