"""What goes wrong with the database: late, restarted, half initialised, damaged."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable

import pytest

from tests.equipment.generator import Generator, seed_starting_with
from tests.equipment.programs import wait_for
from tests.workload.database import Database

Start = Callable[..., Generator]

COMPLETE = """
    select (select count(*) from pgbench_branches), (select count(*) from pgbench_tellers),
        (select count(*) from pgbench_accounts),
        (select count(*) from pg_index where indisprimary and indrelid::regclass::text like 'pgbench_%%')
"""
IDENTITY = "select 'pgbench_accounts'::regclass::oid"


def test_an_empty_database_is_initialised_and_the_diary_says_so(empty: Database, start: Start) -> None:
    generator = start(empty, WORKLOAD_SCALE="2")
    generator.await_log("^INIT: done")
    generator.await_log("pgbench -c")
    assert empty.query(COMPLETE) == [(2, 20, 200000, 3)]
    assert empty.records()[0].name == "INIT"


def test_complete_data_are_kept(filled: Database, start: Start) -> None:
    before = filled.value(IDENTITY)
    generator = start(filled)
    generator.await_log("pgbench -c")
    assert filled.value(IDENTITY) == before
    assert "INIT" not in generator.output


@pytest.mark.parametrize(
    "damage",
    [
        "delete from pgbench_accounts where aid = 77",
        "delete from pgbench_tellers where tid = 1",
        "insert into pgbench_branches values (2, 0)",
        "alter table pgbench_accounts drop constraint pgbench_accounts_pkey",
        "truncate pgbench_accounts",
        "drop table pgbench_history",
        "drop table pgbench_branches",
    ],
)
def test_a_half_finished_initialisation_is_redone(damage: str, filled: Database, start: Start) -> None:
    before = filled.value(IDENTITY)
    with filled.server.connect(filled.name) as session:
        session.execute(damage.encode())
    generator = start(filled)
    generator.await_log("^INIT: done")
    assert filled.value(IDENTITY) != before
    assert filled.query(COMPLETE) == [(1, 10, 100000, 3)]


def test_another_scale_is_redone(filled: Database, start: Start) -> None:
    start(filled, WORKLOAD_SCALE="2").await_log("^INIT: done")
    assert filled.query(COMPLETE) == [(2, 20, 200000, 3)]


def test_an_initialisation_that_was_killed_is_redone(empty: Database, start: Start) -> None:
    killed = start(empty, WORKLOAD_SCALE="8")
    filling = "select count(*) from pg_stat_activity where query ilike 'insert into pgbench_accounts%%'"
    wait_for("the server's generation of rows", lambda: empty.value(filling))
    killed.kill()
    generator = start(empty, WORKLOAD_SCALE="8")
    generator.await_log("^INIT: done", seconds=40)
    assert empty.query(COMPLETE) == [(8, 80, 800000, 3)]


def test_a_failing_pgbench_is_logged_and_damaged_data_are_made_anew(filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("RAMP UP")), WORKLOAD_TIME_SCALE="0.05")
    generator.await_log("^RAMP UP: 2 clients")
    wait_for("both clients", lambda: filled.sessions() == 2)
    filled.query("drop table pgbench_tellers")
    generator.await_log(r"^RAMP UP: pgbench failed with exit code 2 after \d+ s of 2 s, 2 clients$")
    generator.await_log(r'^RAMP UP: \| .*relation "pgbench_tellers" does not exist')
    generator.await_log("^RAMP UP: the pattern is cut short")
    generator.await_log("^INIT: done")
    generator.await_log("^PAUSE: ")
    assert "RAMP UP: 3 clients" not in generator.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast shutdown", "crash"])
def test_a_restart_in_a_pattern_is_survived(how: signal.Signals, filled: Database, start: Start) -> None:
    before = filled.value(IDENTITY)
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("STEADY MEDIUM")), WORKLOAD_TIME_SCALE="0.01")
    generator.await_log("^STEADY MEDIUM: 2 clients")
    wait_for("both clients", lambda: filled.sessions() == 2)
    filled.server.stop(how)
    try:
        generator.await_log("^STEADY MEDIUM: pgbench failed with exit code [12]")
        generator.await_log("^STEADY MEDIUM: the pattern is cut short")
        generator.await_log("^WAIT: the database does not answer yet")
    finally:
        filled.server.start()
    generator.await_log("^WAIT: the database answers after")
    done = generator.await_log("^PAUSE(.|\n)*: done, ")
    assert re.search(r"^[A-Z ]+: \d clients? for", done, re.MULTILINE)
    assert filled.value(IDENTITY) == before
    assert filled.records()[1].name == "PAUSE"
    assert filled.records()[1].started_at == filled.records()[0].ended_at


def test_a_database_lost_in_a_pause_is_waited_for(filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("VALLEY")), WORKLOAD_TIME_SCALE="0.015")
    generator.await_log("^PAUSE")
    filled.server.stop()
    try:
        generator.await_log("the step was not recorded")
        generator.await_log("^WAIT: the database does not answer yet")
    finally:
        filled.server.start()
    generator.await_log("answers after(.|\n)*: done, ")
    assert "cut short" not in generator.output


def test_a_database_that_comes_late_is_waited_for(filled: Database, start: Start) -> None:
    filled.server.stop()
    try:
        generator = start(filled)
        generator.await_log(r"^WAIT: the database does not answer yet \(.*Connection refused")
    finally:
        filled.server.start()
    generator.await_log("^WAIT: the database answers after")
    generator.await_log("pgbench -c")


def test_an_open_port_is_not_taken_for_a_database(filled: Database, start: Start) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        generator = start(filled, PGPORT=str(mute.getsockname()[1]))
        generator.await_log("^WAIT: the database does not answer yet")
        assert "pgbench -c" not in generator.output


def test_a_wrong_password_is_told_without_the_password(filled: Database, start: Start) -> None:
    filled.password_file.write_text("wrong-secret\n")
    generator = start(filled)
    generator.await_log("password authentication failed")
    assert "wrong-secret" not in generator.output


def test_a_server_that_hangs_does_not_hold_the_stop(filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("STEADY MEDIUM")))
    wait_for("both clients", lambda: filled.sessions() == 2)
    backends = [pid for (pid,) in filled.query("select pid from pg_stat_activity where usename = 'workload'")]
    for pid in [*backends, filled.server.pid]:
        os.kill(pid, signal.SIGSTOP)
    try:
        ending = generator.stop()
    finally:
        for pid in [filled.server.pid, *backends]:
            os.kill(pid, signal.SIGCONT)
    assert ending.status == 0
    assert ending.seconds < 5
    wait_for("no session left", lambda: filled.sessions() == 0, 10)
