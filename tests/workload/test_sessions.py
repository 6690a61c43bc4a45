"""What the load does to a real server, and what the generator tells about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.equipment.generator import PATTERNS, Generator, plan, seed_starting_with
from tests.equipment.programs import wait_for
from tests.equipment.slow_to_end import slow_to_end
from tests.workload.database import Database, moments, most_sessions

Start = Callable[..., Generator]
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S.*")
DONE = re.compile(
    r"Z ([A-Z ]+): done, (\d) clients?, (\d+) s, (\d+\.\d) TPS, latency (\d+\.\d+) ms, 0 failed transactions$",
    re.MULTILINE,
)


def seed_with_all_patterns_first() -> int:
    """A seed that shows every pattern once before any comes again."""
    for seed in range(1, 2000):
        names = [step.pattern for step in plan(19, seed) if step.kind == "load"]
        if len(dict.fromkeys(names)) == len(PATTERNS):
            return seed
    raise AssertionError("no seed shows all patterns soon")


def test_all_patterns_run_with_their_clients_and_never_more_than_four_sessions(filled: Database, start: Start) -> None:
    began = filled.value("select clock_timestamp()")
    generator = start(filled, WORKLOAD_SEED=str(seed_with_all_patterns_first()), WORKLOAD_TIME_SCALE="0.01")
    wait_for("all patterns and one more", lambda: len(_names(filled)) > len(PATTERNS), 90)
    generator.await_log("done(.|\n)*" * 14)
    generator.stop()
    records = filled.records()[:-1]
    assert {record.name for record in records} == {*PATTERNS, "PAUSE"}
    assert most_sessions(filled.server, began) == 4
    for record in records:
        most = most_sessions(filled.server, record.started_at, record.ended_at)
        # The generator's own short session is the one that is seen in a rest.
        assert record.clients <= most <= max(record.clients, 1), record


def test_no_session_begins_before_a_slow_server_has_ended_those_before_it(filled: Database, start: Start) -> None:
    began = filled.value("select clock_timestamp()").timestamp()
    with slow_to_end(filled.server.port, seconds=0.7) as port:
        seed = str(seed_starting_with("BURST"))
        generator = start(filled, PGPORT=str(port), WORKLOAD_SEED=seed, WORKLOAD_TIME_SCALE="0.01")
        generator.await_log("done(.|\n)*" * 2)
        generator.stop()
    begun = [moment for moment in moments(filled.server) if moment.begun and moment.at > began]
    assert {moment.begun for moment in begun} == {"pgbench", "workload bookkeeping"}
    for moment in begun:
        assert set(moment.open.values()) == {moment.begun}, "load and bookkeeping are never there at once"
        assert len(moment.open) <= (4 if moment.begun == "pgbench" else 1)


def _names(database: Database) -> list[str]:
    """The patterns recorded so far, one for each turn."""
    if database.value("select to_regclass('workload.pattern') is null"):
        return []
    names = [record.name for record in database.records()]
    return [name for place, name in enumerate(names) if name != "PAUSE" and (place == 0 or names[place - 1] != name)]


def test_the_log_tells_time_pattern_clients_duration_tps_and_latency(filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("SPIKE")), WORKLOAD_TIME_SCALE="0.01")
    generator.await_log("^PAUSE")
    generator.stop()
    assert all(LOG_LINE.fullmatch(line) for line in generator.output.splitlines())
    results = DONE.findall(generator.output)
    assert results
    for name, clients, seconds, tps, latency in results:
        assert name == "SPIKE"
        assert int(clients) in range(1, 5)
        assert int(seconds) == 1
        assert float(tps) > 0
        assert float(latency) > 0


def test_the_first_pattern_starts_at_once(filled: Database, start: Start) -> None:
    start(filled, WORKLOAD_SEED="1").await_log(f"^{plan(1, seed=1)[0].pattern}: ", seconds=3)


def test_records_follow_each_other_without_gap_and_old_ones_are_forgotten(filled: Database, start: Start) -> None:
    filled.query("create schema workload authorization workload")
    short = str(seed_starting_with("VALLEY"))
    first = start(filled, WORKLOAD_SEED=short, WORKLOAD_TIME_SCALE="0.01")
    first.await_log("^PAUSE")
    first.stop()
    filled.query("""
        insert into workload.pattern (name, clients, started_at, ended_at)
        select 'OLD', 1, now() - age, now() - age from unnest('{73 hours, 71 hours}'::interval[]) age
    """)
    second = start(filled, WORKLOAD_SEED=short, WORKLOAD_TIME_SCALE="0.01")
    second.await_log("^PAUSE")
    second.stop()
    records = filled.records()
    assert [record.name for record in records].count("OLD") == 1
    assert all(record.ended_at for record in records)
    new = [record for record in records if record.name != "OLD"][-2:]
    assert new[0].ended_at == new[1].started_at


def test_the_password_is_neither_printed_nor_in_an_argument_list(filled: Database, start: Start, password: str) -> None:
    generator = start(filled, WORKLOAD_SEED=str(seed_starting_with("VALLEY")), WORKLOAD_TIME_SCALE="0.01")
    commands: set[str] = set()

    def seen() -> bool:
        # Those of psql are there for some hundredths of a second at a time.
        commands.update(generator.processes())
        programs = all(any(program in command for command in commands) for program in ("pgbench -c", "psql"))
        return programs and "PAUSE: " in generator.output

    wait_for("a whole pattern with both programs", seen, 60)
    generator.stop()
    assert not [command for command in commands if password in command]
    assert password not in generator.output


def test_records_that_cannot_be_written_are_complained_about_and_the_load_goes_on(
    filled: Database, start: Start
) -> None:
    filled.query("create schema workload")
    generator = start(filled, WORKLOAD_TIME_SCALE="0.01")
    generator.await_log("permission denied for schema workload")
    generator.await_log(": done, ")
