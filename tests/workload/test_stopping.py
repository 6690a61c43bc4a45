"""SIGTERM at any moment: seconds, status 0, nothing left behind."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable

import pytest

from tests.equipment.generator import PATTERNS, Generator, seed_starting_with
from tests.equipment.programs import wait_for
from tests.workload.database import Database

Start = Callable[..., Generator]
MOST_SECONDS = 5.0


def assert_ends_cleanly(generator: Generator, database: Database, number: signal.Signals = signal.SIGTERM) -> None:
    ending = generator.stop(number)
    assert ending.status == 0, generator.output
    assert ending.seconds < MOST_SECONDS
    assert ending.left == []
    wait_for("no session left", lambda: database.sessions() == 0, 1)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_signal_in_a_pattern_ends_pgbench_too(pattern: str, filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with(pattern)))
    # In a valley the server is idle nearly all the time, so a look for a transaction might never meet one.
    connected = "select count(*) from pg_stat_activity where application_name = 'pgbench'"
    wait_for("pgbench's sessions", lambda: filled.value(connected))
    assert_ends_cleanly(generator, filled)
    [record] = filled.records()
    assert record.name == pattern
    assert record.ended_at
    assert f"{pattern}: cut short by SIGTERM" in generator.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_that_mean_the_end_do_the_same(number: signal.Signals, filled: Database, start: Start) -> None:
    generator = start(filled)
    generator.await_log("pgbench")
    assert_ends_cleanly(generator, filled, number)


@pytest.mark.parametrize(("pattern", "where"), [("SPIKE", "SPIKE: no clients"), ("SPIKE", "PAUSE: no clients")])
def test_a_signal_while_nothing_runs(pattern: str, where: str, filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with(pattern)), WORKLOAD_TIME_SCALE="0.02")
    generator.await_log(f"^{where}")
    assert_ends_cleanly(generator, filled)
    assert all(record.ended_at for record in filled.records())


def test_a_signal_in_the_initialisation_ends_the_statement_on_the_server(empty: Database, start: Start) -> None:
    generator = start(empty, WORKLOAD_SCALE="50")
    filling = "select count(*) from pg_stat_activity where query ilike 'insert into pgbench_accounts%%'"
    wait_for("the server's generation of rows", lambda: empty.value(filling))
    assert [(record.name, record.ended_at) for record in empty.records()] == [("INIT", None)]
    assert_ends_cleanly(generator, empty)
    assert empty.records()[0].ended_at
    assert "INIT: cut short by SIGTERM" in generator.output


def test_a_signal_before_there_is_a_record_misses_none(empty: Database, start: Start) -> None:
    waits = "select count(*) from pg_stat_activity where usename = 'workload' and wait_event_type = 'Lock'"
    with empty.server.connect(empty.name) as other, other.transaction(force_rollback=True):
        other.execute("create schema workload")
        generator = start(empty)
        wait_for("the generator's wait for its own schema", lambda: empty.value(waits))
        assert_ends_cleanly(generator, empty)
    assert re.search(r"cut short by SIGTERM; ending\n\S+ ended\n$", generator.output)


def test_a_signal_while_the_database_refuses(filled: Database, start: Start) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        generator = start(filled, PGPORT=str(closed.getsockname()[1]))
        generator.await_log("^WAIT: ")
        assert_ends_cleanly(generator, filled)


def test_a_signal_while_the_database_is_mute(filled: Database, start: Start) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        generator = start(filled, PGPORT=str(mute.getsockname()[1]))
        mute.settimeout(10)
        mute.accept()
        assert_ends_cleanly(generator, filled)


def test_a_signal_at_any_moment(filled: Database, start: Start) -> None:
    """Walks a signal through the start, two short steps and what lies between them."""
    for moment in range(16):
        generator = start(filled, WORKLOAD_SEED=str(moment), WORKLOAD_TIME_SCALE="0.0001")
        generator.await_log("generator started")
        time.sleep(moment * 0.09)
        assert_ends_cleanly(generator, filled)
        assert re.search(r"cut short by SIGTERM; ending\n\S+ ended\n$", generator.output)
