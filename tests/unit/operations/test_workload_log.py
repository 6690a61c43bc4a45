"""Which patterns ran, from the log of the generator."""

from __future__ import annotations

import datetime as dt

import pytest

from operations.verify.patterns import patterns_since

LOG = """\
2026-01-31T12:00:00Z workload generator started: seed 7, time scale 1, pgbench scale 10, database target_database
2026-01-31T12:00:01Z INIT: the data are not complete; initialising pgbench scale 10
2026-01-31T12:00:09Z INIT: done in 8 s
2026-01-31T12:00:09Z RAMP UP: 1 client for 45 s (pgbench -c 1 -T 45)
2026-01-31T12:00:54Z RAMP UP: done, 1 client, 45 s, 95.1 TPS, latency 10.5 ms, 0 failed transactions
2026-01-31T12:00:54Z RAMP UP: 2 clients for 45 s (pgbench -c 2 -T 45)
2026-01-31T12:01:00Z RAMP UP: pgbench failed with exit code 2 after 6 s of 45 s, 2 clients
2026-01-31T12:01:01Z RAMP UP: the pattern is cut short
2026-01-31T12:01:01Z PAUSE: no clients for 33.5 s
2026-01-31T12:01:35Z SPIKE: 4 clients for 30 s (pgbench -c 4 -j 2 -T 30)
2026-01-31T12:02:05Z SPIKE: no clients for 60 s
2026-01-31T12:03:05Z PAUSE: no clients for 90 s
"""


def at(clock: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-01-31T{clock}Z")


def test_patterns_are_told_in_their_order_each_turn_once() -> None:
    found = patterns_since(LOG, at("12:00:00"))
    assert found.ran == ("RAMP UP", "SPIKE")
    assert found.failures == 1
    assert not found.pausing
    assert not found.starting


def test_the_pattern_that_was_under_way_when_the_window_began_counts() -> None:
    assert patterns_since(LOG, at("12:01:50")).ran == ("SPIKE",)
    assert patterns_since(LOG, at("12:01:20")).ran == ("SPIKE",)
    assert patterns_since(LOG, at("12:01:20")).failures == 0


def test_a_window_within_a_pause_says_so() -> None:
    found = patterns_since(LOG, at("12:03:10"))
    assert found.ran == ()
    assert found.pausing


def test_preparations_are_no_pattern() -> None:
    found = patterns_since("\n".join(LOG.splitlines()[:3]), at("12:00:00"))
    assert found.ran == ()
    assert found.starting
    assert not found.pausing
    assert not patterns_since("", at("12:00:00")).starting


def test_what_ran_before_the_generator_was_started_again_is_not_under_way() -> None:
    log = LOG + "2026-01-31T12:09:00Z workload generator started: seed 8, time scale 1, pgbench scale 10\n"
    found = patterns_since(log, at("12:10:00"))
    assert found.ran == ()
    assert not found.pausing
    assert found.starting


@pytest.mark.parametrize("time", ["x", "2026-02-30T12:00:00", "2026-01-31T25:00:00", "2026-01-31T12:00:00+01:00"])
def test_a_line_of_another_form_is_passed_over(time: str) -> None:
    steps = ("RAMP UP: 2 clients for 45 s", "PAUSE: no clients for 33.5 s", "RAMP UP: pgbench failed with exit code 2")
    odd = "".join(f"{time}Z {step}\n" for step in steps)
    assert patterns_since(odd + LOG + odd, at("12:00:00")) == patterns_since(LOG, at("12:00:00"))
