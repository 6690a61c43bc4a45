"""The rule that tells a varying activity from a constant one, held against many sequences of the real load."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from operations.verify.activity import JUDGED_MINUTES, RATE_SECONDS, STEP_SECONDS, Samples, judge
from tests.equipment.generator import plan

BACKGROUND_TPS = 2.0
ONE_CLIENT_TPS = 200.0


def sequence(steps: int, seed: int, gain: float) -> list[float]:
    """Transactions of each second of a plan, by a simple model of a database.

    Args:
        steps: Steps of the plan, which the real generator prints.
        seed: Its seed.
        gain: How much more four clients do than one: 0 nothing, 1 four times as much.
    """
    seconds: list[float] = []
    for step in plan(steps, seed):
        tps = 0.0
        if step.kind == "load":
            throttled = re.search(r"-R (\d+)", step.command)
            clients = re.search(r"-c (\d+)", step.command)
            assert clients
            tps = float(throttled[1]) if throttled else ONE_CLIENT_TPS * (1 + gain * (int(clients[1]) - 1))
        seconds += [BACKGROUND_TPS + tps] * round(step.seconds)
    return seconds


def as_drawn(seconds: list[float], noise: random.Random) -> list[tuple[float, float]]:
    """What Grafana draws of that: rates over 40 s, every 10 s, on a machine that others use too.

    The noise has a fast part and one that drifts; together a curve wavers by 14 % of its height.
    """
    counts: list[float] = []
    drift = 0.0
    for place in range(0, len(seconds) - STEP_SECONDS + 1, STEP_SECONDS):
        drift = 0.9 * drift + noise.gauss(0, 0.1 * (1 - 0.9**2) ** 0.5)
        factor = max(0.0, 1 + drift + noise.gauss(0, 0.2))
        counts.append(factor * sum(seconds[place : place + STEP_SECONDS]))
    width = RATE_SECONDS // STEP_SECONDS
    return [
        (place * STEP_SECONDS, sum(counts[place - width : place]) / RATE_SECONDS) for place in range(width, len(counts))
    ]


def windows(samples: Samples, minutes: int, apart_seconds: int) -> Iterator[Samples]:
    """Windows of a long curve, so many seconds apart."""
    length, stride = minutes * 60 // STEP_SECONDS, apart_seconds // STEP_SECONDS
    for start in range(0, len(samples) - length, stride):
        yield samples[start : start + length]


@pytest.mark.parametrize(("gain", "seed"), [(0.0, 11), (0.1, 12), (0.3, 13), (1.0, 14)])
def test_ten_minutes_of_any_sequence_of_the_load_vary(gain: float, seed: int) -> None:
    curve = as_drawn(sequence(4000, seed, gain), random.Random(seed))
    verdicts = [judge(window, JUDGED_MINUTES).varies for window in windows(curve, JUDGED_MINUTES, 190)]
    assert len(verdicts) > 1000
    assert sum(verdict is True for verdict in verdicts) / len(verdicts) >= 0.99


@pytest.mark.parametrize("tps", [0.0, 5.0, 200.0, 900.0])
def test_ten_minutes_of_a_constant_load_do_not(tps: float) -> None:
    curve = as_drawn([BACKGROUND_TPS + tps] * 600_000, random.Random(3))
    verdicts = [judge(window, JUDGED_MINUTES).varies for window in windows(curve, JUDGED_MINUTES, 600)]
    assert len(verdicts) > 900
    assert sum(verdict is not False for verdict in verdicts) / len(verdicts) <= 0.01


def test_a_short_window_may_say_that_it_varies_and_never_that_it_does_not() -> None:
    curve = as_drawn(sequence(600, 5, 0.3), random.Random(5))
    for minutes in (1, 2, 3):
        verdicts = [judge(window, minutes) for window in windows(curve, minutes, 60)]
        assert {verdict.varies for verdict in verdicts} == {True, None}
        untold = next(verdict for verdict in verdicts if verdict.varies is None)
        assert f"{minutes} min can show that it varies, not that it does not" in untold.detail


def curve(*values: float) -> Samples:
    """One sample every ten seconds."""
    return [(place * STEP_SECONDS, value) for place, value in enumerate(values)]


def test_the_verdict_tells_the_figures_it_is_based_on() -> None:
    verdict = judge(curve(*[10.0] * 30, *[100.0] * 30), 10)
    assert verdict.varies
    assert verdict.detail == "quiet 10.0, busy 100.0 TPS; up to 290 s above the middle, 290 s below it"


def test_a_curve_that_only_flickers_does_not_vary() -> None:
    verdict = judge(curve(*[10.0, 100.0] * 30), 10)
    assert verdict.varies is False
    assert "never for 20 s at a time" in verdict.detail


def test_a_single_dip_is_no_variation() -> None:
    verdict = judge(curve(*[100.0] * 30, *[0.0] * 5, *[100.0] * 25), 10)
    assert verdict.varies is False
    assert "quiet is above 25% of busy" in verdict.detail


def test_a_database_where_nothing_happens_does_not_vary() -> None:
    verdict = judge(curve(*[0.0] * 30, *[0.9] * 30), 10)
    assert verdict.varies is False
    assert "hardly anything happens" in verdict.detail


@pytest.mark.parametrize("count", [0, 1, 47])
def test_a_window_with_too_few_samples_is_not_judged_by_them(count: int) -> None:
    verdict = judge(curve(*[1.0, 1.0, 1.0, 100.0, 100.0, 100.0] * 10)[:count], 10)
    assert verdict.varies is False
    assert f"only {count} of 60 samples are there" in verdict.detail
