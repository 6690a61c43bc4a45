"""Every metric query runs on a real PostgreSQL with the rights that pgwatch has, and returns what the sinks accept."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from tests.equipment.monitoring import columns, metrics
from tests.equipment.postgres import PostgresServer, running_postgres

#: What the Prometheus sink of pgwatch turns into a value or a label: int8, float8, bool, text.
ACCEPTED = {20, 701, 16, 25}
SERVER_VERSION = 15


def query(name: str) -> str:
    """The query of a metric that pgwatch picks for the server's version."""
    variants: dict[int, str] = metrics()[name]["sqls"]
    return variants[max(version for version in variants if version <= SERVER_VERSION)]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres({"shared_preload_libraries": "pg_stat_statements"}) as running:
        with running.connect() as admin:
            for role, rights in (("pgwatch", "in role pg_monitor"), ("workload", "")):
                command = sql.SQL("create role {} login password {} " + rights)
                admin.execute(command.format(sql.Identifier(role), sql.Literal(running.password)))
            admin.execute("create extension pg_stat_statements")
            admin.execute("create schema workload authorization workload")
            admin.execute("create table public.items (id int primary key, price numeric)")
            admin.execute("insert into public.items select n, n from generate_series(1, 1000) n")
        yield running


@pytest.fixture
def admin(server: PostgresServer) -> Iterator[psycopg.Connection]:
    with server.connect() as session:
        yield session


@pytest.fixture
def pgwatch(server: PostgresServer) -> Iterator[psycopg.Connection]:
    with server.connect(user="pgwatch") as session:
        yield session


def rows(session: psycopg.Connection, name: str) -> list[DictRow]:
    return session.cursor(row_factory=dict_row).execute(query(name).encode()).fetchall()


@pytest.mark.parametrize("name", metrics())
def test_a_metric_returns_rows_of_types_that_the_sinks_accept(name: str, pgwatch: psycopg.Connection) -> None:
    cursor = pgwatch.execute(query(name).encode())
    assert cursor.fetchall(), "a panel that reads this metric would be empty"
    assert cursor.description
    assert [column.name for column in cursor.description] == columns(query(name))
    assert {column.name for column in cursor.description if column.type_code not in ACCEPTED} == set()


def test_sessions_of_every_common_state_are_reported(pgwatch: psycopg.Connection) -> None:
    assert {row["tag_state"] for row in rows(pgwatch, "session_states")} == {
        "active",
        "idle",
        "idle in transaction",
        "idle in transaction (aborted)",
    }


def test_the_monitoring_does_not_count_its_own_statements(pgwatch: psycopg.Connection) -> None:
    rows(pgwatch, "db_stats")
    assert not [row for row in rows(pgwatch, "pg_stat_statements") if "pgwatch_generated" in row["tag_query"]]


def active(session: psycopg.Connection) -> list[tuple[str, int]]:
    return [(row["tag_pattern"], row["clients"]) for row in rows(session, "workload_pattern") if row["active"] == 1]


def test_the_workload_pattern_is_known_before_during_and_after_the_generators_records(
    admin: psycopg.Connection, pgwatch: psycopg.Connection
) -> None:
    assert active(pgwatch) == [("STARTING", 0)], "there is no table yet"
    admin.execute(
        "create table workload.pattern (id bigserial primary key, name text, clients int,"
        " started_at timestamptz, ended_at timestamptz)"
    )
    assert active(pgwatch) == [("STARTING", 0)], "the table is there, but pgwatch may not read it"
    admin.execute("grant usage on schema workload to pgwatch")
    admin.execute("grant select on workload.pattern to pgwatch")
    assert active(pgwatch) == [("STARTING", 0)], "the table is empty"
    admin.execute("insert into workload.pattern (name, clients, started_at) values ('RAMP UP', 3, now())")
    assert active(pgwatch) == [("RAMP UP", 3)]
    admin.execute("update workload.pattern set ended_at = now()")
    admin.execute("insert into workload.pattern (name, clients, started_at) values ('A NEW ONE', 2, now())")
    assert active(pgwatch) == [("A NEW ONE", 2)], "a pattern that the query does not know by name"
    admin.execute("update workload.pattern set ended_at = now() where ended_at is null")
    assert active(pgwatch) == [("STOPPED", 0)]


def test_a_table_that_a_session_holds_exclusively_does_not_block_collection(
    admin: psycopg.Connection, pgwatch: psycopg.Connection
) -> None:
    pgwatch.execute("set lock_timeout = '2s'")
    admin.execute("begin")
    admin.execute("lock table public.items in access exclusive mode")
    for name in ("table_stats", "user_indexes"):
        assert "items" not in {row["tag_table_name"] for row in rows(pgwatch, name)}
    admin.execute("rollback")
