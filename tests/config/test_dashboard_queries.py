"""The dashboards' SQL runs on a sink's tables in a real PostgreSQL; the pattern's spans are those that were played."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from tests.equipment.monitoring import dashboards, metrics, targets
from tests.equipment.postgres import running_postgres

QUERIES = {target.where: target.sql for target in targets() if target.sql}
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sink() -> Iterator[psycopg.Connection]:
    with running_postgres({}) as server, server.connect() as session:
        for name in metrics():
            columns = sql.SQL("(time timestamptz not null, dbname text not null, data jsonb not null, tag_data jsonb)")
            session.execute(sql.SQL("create table {} ").format(sql.Identifier(name)) + columns)
        yield session


def ask(sink: psycopg.Connection, text: str) -> list[DictRow]:
    """Rows of a query, with Grafana's macros and variables replaced as Grafana would for an hour and All."""
    text = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 between '{START}' and '{START + timedelta(hours=1)}'", text)
    return sink.cursor(row_factory=dict_row).execute(text.replace("${dbname:regex}", ".*").encode()).fetchall()


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_runs_on_the_tables_that_pgwatch_makes(where: str, sink: psycopg.Connection) -> None:
    ask(sink, QUERIES[where])


def test_a_span_reaches_from_a_steps_start_to_the_next_and_rests_have_none(sink: psycopg.Connection) -> None:
    steps = [
        ("PAUSE", 0, 0, 40),
        ("RAMP UP", 1, 40, 85),
        ("RAMP UP", 2, 85, 130),
        ("BURST", 0, 130, 170),
        ("INIT", 0, 170, 200),
    ]
    for second in range(5, 200, 10):
        for pattern, clients, started, ended in steps:
            now = started <= second < ended
            values = {
                "active": int(now),
                "clients": clients * now,
                "started_at_s": START.timestamp() + started if now else 0,
            }
            sink.execute(
                "insert into workload_pattern values (%s, 'target', %s, %s)",
                (START + timedelta(seconds=second), json.dumps(values), json.dumps({"pattern": pattern})),
            )
    (query,) = {dashboard["annotations"]["list"][-1]["target"]["rawSql"] for dashboard in dashboards().values()}
    assert [
        (row["text"], row["tags"], (row["time"] - START).seconds, (row["timeend"] - START).seconds)
        for row in ask(sink, query)
    ] == [
        ("RAMP UP: 1 client", "RAMP UP", 40, 85),
        ("RAMP UP: 2 clients", "RAMP UP", 85, 130),
        ("INIT", "INIT", 170, 195),
    ]
