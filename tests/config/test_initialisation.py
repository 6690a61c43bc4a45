"""New databases of a preview: whatever roles a branch's own SQL makes, only the preview's own passwords work."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.equipment.initdb import Initialised, initialised

BRANCH = {
    "sink": """
        create role pgwatch with login superuser password 'in-the-repository';
        create database measurements owner pgwatch;
        \\c measurements
        create extension pg_stat_statements;
        create role grafana with login password 'in-the-repository';
        grant pg_read_all_data, pg_write_all_data to grafana;
        create table public.owned_by_viewers (a int);
        alter table public.owned_by_viewers owner to grafana;
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


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Initialised]:
    with initialised("sink", tmp_path_factory.mktemp("sink"), BRANCH["sink"]) as made:
        yield made


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Initialised]:
    with initialised("target", tmp_path_factory.mktemp("target"), BRANCH["target"]) as made:
        yield made


def require_refused(made: Initialised, user: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        made.log_in(user, "postgres", "in-the-repository")


def test_no_password_of_the_branch_opens_the_sink(sink: Initialised) -> None:
    require_refused(sink, "pgwatch")


@pytest.mark.parametrize("user", ["monitor", "boss", "postgres"])
def test_no_password_of_the_branch_opens_the_target(target: Initialised, user: str) -> None:
    require_refused(target, user)


def test_pgwatch_stores_what_it_collects_in_the_branchs_own_tables(sink: Initialised) -> None:
    with sink.log_in("pgwatch", "measurements") as pgwatch:
        pgwatch.execute("create schema admin")
        pgwatch.execute("create table public.pg_stat_statements (a int)")
        pgwatch.execute("create table public.texts_x partition of public.texts for values in ('x')")
        assert pgwatch.execute("select rolsuper from pg_roles where rolname = 'pgwatch'").fetchone() == (False,)


def test_a_metric_that_is_named_as_a_view_of_postgresqls_is_stored_under_its_name(sink: Initialised) -> None:
    with sink.log_in("pgwatch", "measurements") as pgwatch:
        pgwatch.execute("create table public.pg_stat_all_indexes (time timestamptz)")
        # As pgwatch names it: without a schema.
        pgwatch.execute("insert into pg_stat_all_indexes (time) values (now())")
        assert pgwatch.execute("select count(*) from public.pg_stat_all_indexes").fetchone() == (1,)


def test_viewers_read_the_branchs_own_tables_and_change_nothing(sink: Initialised) -> None:
    with sink.log_in("grafana", "measurements") as grafana:
        grafana.execute("select * from public.texts")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            grafana.execute("create table public.other (a int)")


def test_the_target_is_monitored_with_the_rights_of_the_branchs_own_role(target: Initialised) -> None:
    with target.log_in("pgwatch", "target_database") as pgwatch:
        pgwatch.execute("select pg_ls_dir('.')")
        pgwatch.execute("select count(*) from pg_stat_statements")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pgwatch.execute("set role boss")


def test_the_workload_writes_where_the_branch_has_tables_of_its_own(target: Initialised) -> None:
    with target.log_in("workload", "target_database") as workload:
        workload.execute("create table workload.own (a int)")
