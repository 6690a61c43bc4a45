"""A viewer may send any SQL to the sink: it reads measurements, for a while, and nothing that it does lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from tests.equipment.initdb import Initialised, initialised

BRANCH = """
    create role grafana with login password 'in-the-repository';
    grant pg_read_all_data, pg_write_all_data to grafana;
    create database measurements;
    \\c measurements
    create table public.owned (a int);
    alter table public.owned owner to grafana;
    create table public.writable (a int);
    grant all on public.writable to grafana, public;
    grant create on schema public to public;
"""
LIFTED = "set statement_timeout = 0; set default_transaction_read_only = off"
FORBIDDEN = {
    "password hashes": "select * from pg_authid",
    "what is put back": "table kept_roles",
    "a large object": "select lo_from_bytea(0, 'x')",
    "an empty large object": "select lo_creat(-1)",
    "a temporary table": "create temporary table mine (a int)",
    "a table": "create table public.mine (a int)",
    "a schema": "create schema mine",
    "a table that the branch gave": "insert into public.owned values (1)",
    "a table that the branch opened": "insert into public.writable values (1)",
    "a measurement": "delete from public.made_later",
    "a procedure": "do $$ begin loop begin perform 1; exception when query_canceled then end; end loop; end $$",
    "a function": "create function public.mine() returns int language sql as 'select 1'",
    "an advisory lock": "select pg_advisory_lock(1)",
    "a notification": "select pg_notify('a', 'b')",
    "a snapshot's file": "select pg_export_snapshot()",
    "the log of changes": "select pg_logical_emit_message(false, 'a', 'b')",
    "a replication slot": "select pg_create_physical_replication_slot('a')",
    "ending sessions": "select pg_terminate_backend(1)",
    "cancelling": "select pg_cancel_backend(1)",
    "sleeping": "select pg_sleep(0)",
    "a program": "copy (select 1) to program 'cat'",
    "a file": "copy (select 1) to '/tmp/made-by-a-viewer'",
    "reading a file": "select pg_read_file('/etc/passwd')",
    "an extension": "create extension dblink",
    "more disk": "set temp_file_limit = -1",
    "more disk for ever": "alter role current_user set temp_file_limit = -1",
    "a role": "set role pgwatch",
    "rights": "alter role current_user superuser",
}


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Initialised]:
    with initialised("sink", tmp_path_factory.mktemp("sink"), BRANCH) as made:
        with made.log_in("pgwatch", "measurements") as pgwatch:
            pgwatch.execute("create table public.made_later as select generate_series(1, 3) as a")
            pgwatch.execute("create schema admin")
            pgwatch.execute("create table admin.listing (a int)")
        yield made


@pytest.mark.parametrize("role", ["grafana", "backend"])
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_reader_changes_nothing_even_when_it_has_lifted_its_sessions_limits(
    sink: Initialised, role: str, what: str
) -> None:
    with sink.log_in(role, "measurements") as session:
        session.execute(LIFTED)
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
            session.execute(FORBIDDEN[what])


@pytest.mark.parametrize("role", ["grafana", "backend"])
def test_a_reader_sees_measurements_whenever_and_by_whomever_their_tables_were_made(
    sink: Initialised, role: str
) -> None:
    with sink.log_in(role, "measurements") as session:
        for table in ("public.made_later", "admin.listing", "public.owned", "public.writable"):
            session.execute(f"select *, random(), clock_timestamp() from {table}")
        session.execute("select pg_database_size(current_database()), pg_size_pretty(pg_relation_size('made_later'))")


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_a_reader_enters_no_other_database(sink: Initialised, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
        sink.log_in("grafana", database)


def test_what_a_reader_spills_to_disk_is_bounded(sink: Initialised) -> None:
    with sink.log_in("grafana", "measurements") as session:
        session.execute(LIFTED)
        with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
            session.execute("select count(*) from (select a from generate_series(1, 1e8) a order by md5(a::text)) b")


def age(sink: Initialised, seconds: int) -> None:
    """Let the next check see sessions as that much older: the rule is the file's, the clock is the test's."""
    text = (sink.folder / "30-hold.sql").read_text()
    aged = text.replace("clock_timestamp()", f"(clock_timestamp() + interval '{seconds} seconds')")
    assert aged != text
    (sink.folder / "aged.sql").write_text(aged)
    sink.run("postgres", sink.folder / "aged.sql")


def test_a_statement_that_goes_on_is_ended_whatever_its_session_has_set(sink: Initialised) -> None:
    ended: list[BaseException] = []

    def ask() -> None:
        with sink.log_in("grafana", "measurements") as session:
            session.execute(LIFTED)
            try:
                session.execute("select count(*) from generate_series(1, 200000) a, generate_series(1, 200000) b")
            except psycopg.Error as error:
                ended.append(error)

    asking = threading.Thread(target=ask)
    asking.start()

    @retry(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
    def runs() -> None:
        with sink.server.connect() as admin:
            assert (
                admin.execute(
                    "select from pg_stat_activity where usename = 'grafana' and query like '%200000) b'"
                ).fetchone()
                is not None
            )

    runs()
    sink.check_health()
    runs()
    age(sink, 30)
    asking.join(60)
    (error,) = ended
    assert isinstance(error, psycopg.errors.AdminShutdown)


def test_a_transaction_that_stays_open_is_ended_and_an_idle_session_is_not(sink: Initialised) -> None:
    with sink.log_in("grafana", "measurements") as idle, sink.log_in("pgwatch", "measurements") as writer:
        idle.execute("select 1")
        writer.execute("begin")
        listening = sink.log_in("grafana", "measurements")
        listening.execute("set idle_in_transaction_session_timeout = 0; listen anything")
        listening.execute("begin")
        age(sink, 30)
        with pytest.raises(psycopg.OperationalError):
            listening.execute("select 1")
        idle.execute("select 1")
        writer.execute("select 1")


@pytest.mark.parametrize(
    "attack",
    [
        "alter role current_user password 'mine'",
        "alter role current_user set statement_timeout = 1",
        "alter role current_user in database measurements set search_path = nowhere",
        "alter role current_user reset all",
        "drop owned by current_user",
        "alter default privileges revoke select on tables from public",
    ],
)
def test_what_a_reader_may_change_about_itself_is_put_back(sink: Initialised, attack: str) -> None:
    with sink.log_in("grafana", "measurements") as session:
        session.execute(LIFTED)
        session.execute(attack)
    sink.check_health()
    with sink.log_in("grafana", "measurements") as session:
        session.execute("select * from made_later")
        settings = [session.execute(f"show {name}").fetchone() for name in ("statement_timeout", "temp_file_limit")]
    assert settings == [("15s",), ("64MB",)]


def test_a_sink_of_an_earlier_version_gets_its_readers_by_its_health_check(tmp_path: Path) -> None:
    earlier = """
        create role pgwatch login password 'own-pgwatch'; create database measurements owner pgwatch;
        create role grafana login password 'own-grafana'; grant pg_read_all_data to grafana;
    """
    with initialised("sink", tmp_path, earlier) as sink:
        with sink.server.connect() as admin:
            admin.execute("drop table kept_roles")
            admin.execute("grant pg_read_all_data to grafana")
            admin.execute("drop role backend")
        sink.check_health()
        with sink.log_in("backend", "measurements") as session:
            session.execute("select 1")
        with sink.log_in("grafana", "measurements") as session:
            assert session.execute("select pg_has_role('pg_read_all_data', 'member')").fetchone() == (False,)
