"""The sequence of the load: patterns, durations, pauses. No database is needed."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from tests.equipment.generator import PATTERNS, Step, plan, run_script

EXPECTED = {
    "SPIKE": ["load 30 pgbench -c 4 -j 2 -T 30", "rest 60"],
    "VALLEY": ["load 120 pgbench -c 1 -R 5 -T 120"],
    "RAMP UP": [f"load 45 pgbench -c {clients} -T 45" for clients in (1, 2, 3, 4)],
    "RAMP DOWN": [f"load 45 pgbench -c {clients} -T 45" for clients in (4, 3, 2, 1)],
    "STEADY MEDIUM": ["load 180 pgbench -c 2 -T 180"],
    "BURST": [
        "load 20 pgbench -c 4 -T 20",
        "rest 40",
        "load 20 pgbench -c 4 -T 20",
        "rest 40",
        "load 20 pgbench -c 4 -T 20",
    ],
}


@pytest.fixture(scope="module")
def long_plan() -> list[Step]:
    return plan(1200, seed=7)


def rounds(steps: list[Step]) -> list[tuple[str, list[str]]]:
    """Pattern and steps of each complete turn of a plan, with the pause as the last step."""
    found: list[tuple[str, list[str]]] = []
    current: list[Step] = []
    for step in steps:
        current.append(step)
        if step.kind == "pause":
            lines = [f"{one.kind} {one.seconds:g} {one.command}".strip() for one in current]
            found.append((current[0].pattern, lines))
            current = []
    return found


def test_every_pattern_has_exactly_its_steps(long_plan: list[Step]) -> None:
    seen = rounds(long_plan)
    assert {pattern for pattern, _ in seen} == set(PATTERNS)
    for pattern, lines in seen:
        assert lines[:-1] == EXPECTED[pattern]


def test_pauses_are_whole_seconds_from_30_to_119_and_reach_both_ends() -> None:
    pauses = {step.seconds for step in plan(5000, seed=3) if step.kind == "pause"}
    assert pauses == set(range(30, 120))


def test_no_step_may_use_more_than_four_clients(long_plan: list[Step]) -> None:
    clients = {int(found) for step in long_plan for found in re.findall(r"-c (\d+)", step.command)}
    assert clients == {1, 2, 3, 4}


def test_patterns_come_about_equally_often_and_never_twice_in_a_row(long_plan: list[Step]) -> None:
    sequence = [pattern for pattern, _ in rounds(long_plan)]
    assert all(len(list(group)) == 1 for _, group in groupby(sequence))
    share = len(sequence) / len(PATTERNS)
    for pattern in PATTERNS:
        assert 0.7 * share < sequence.count(pattern) < 1.3 * share


def test_the_same_seed_gives_the_same_sequence_and_another_seed_another() -> None:
    assert plan(100, seed=11) == plan(100, seed=11)
    assert plan(100, seed=11) != plan(100, seed=12)


def test_without_a_seed_each_sequence_differs_and_its_seed_is_told() -> None:
    first, second = run_script("--plan", "100"), run_script("--plan", "100")
    assert first.stdout != second.stdout
    told = re.search(r"seed (\d+)", first.stderr)
    assert told
    assert run_script("--plan", "100", WORKLOAD_SEED=told.group(1)).stdout == first.stdout


def test_the_time_scale_shortens_every_step_and_pgbench_gets_at_least_a_second() -> None:
    whole, scaled = plan(60, seed=5), plan(60, seed=5, WORKLOAD_TIME_SCALE="0.02")
    for long, short in zip(whole, scaled, strict=True):
        if long.kind == "load":
            # bash rounds half up
            assert short.seconds == max(1, int(long.seconds * 0.02 + 0.5))
            assert short.command.endswith(f"-T {short.seconds:g}")
        else:
            assert short.seconds == pytest.approx(long.seconds * 0.02)
