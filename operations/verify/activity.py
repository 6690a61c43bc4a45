"""Whether the activity of a preview visibly varies, judged by a stated rule. Pure.

The rule looks at transactions per second as the dashboards draw them: the rate over 40 s, a point every 10 s. *Busy* is
their 90th percentile, *quiet* their 10th, the middle lies half way between. The activity varies when

* busy is at least 1 transaction per second, so that something happens at all;
* quiet is at most a quarter of busy: a constant load on a machine that others slow down wavers too, but less;
* the curve stays at least 20 s without a break above the middle, and at least 20 s below it: a change that lasts and
  that an eye follows, not noise around one level.

The load never runs longer than 180 s without a pause of at least 30 s. So 10 minutes of it have both, however little
more a database does with four clients than with one; a constant load has neither. The unit tests hold this against
many sequences: more than 99 % of the load's windows pass, and less than 1 % of a constant load's. A window of less
than 10 minutes may lie within a single pattern: it can show that the activity varies, but not that it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP_SECONDS = 10
RATE_SECONDS = 40
JUDGED_MINUTES = 10
"""Windows from this length on show both that activity varies and that it does not."""
MOST_QUIET = 0.25
SUSTAINED_SECONDS = 20
_BUSY, _QUIET = 0.9, 0.1
_LEAST_BUSY = 1.0
_LEAST_COVERED = 0.8

Samples = Sequence[tuple[float, float]]
"""Time in seconds and value, in the order of time."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the rule says.

    Attributes:
        varies: Whether it varies; None where the window is too short to say that it does not.
        detail: Why, with figures.
    """

    varies: bool | None
    detail: str


def judge(samples: Samples, minutes: int) -> Verdict:
    """Apply the rule to transactions per second.

    Args:
        samples: About one every ten seconds.
        minutes: Length of the window that they are from.
    """
    expected = minutes * 60 // STEP_SECONDS
    if len(samples) < _LEAST_COVERED * expected:
        return _no(minutes, f"only {len(samples)} of {expected} samples are there")
    values = [value for _, value in samples]
    busy, quiet = percentile(values, _BUSY), percentile(values, _QUIET)
    if busy < _LEAST_BUSY:
        return _no(minutes, f"hardly anything happens: {busy:.1f} TPS at busy times")
    figures = f"quiet {quiet:.1f}, busy {busy:.1f} TPS"
    if quiet > MOST_QUIET * busy:
        return _no(minutes, f"{figures}: quiet is above {MOST_QUIET:.0%} of busy")
    above, below = _longest(samples, (busy + quiet) / 2)
    if min(above, below) < SUSTAINED_SECONDS:
        return _no(minutes, f"{figures}, but never for {SUSTAINED_SECONDS} s at a time")
    return Verdict(varies=True, detail=f"{figures}; up to {above:.0f} s above the middle, {below:.0f} s below it")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def _no(minutes: int, reason: str) -> Verdict:
    if minutes < JUDGED_MINUTES:
        return Verdict(
            varies=None,
            detail=f"{reason}; {minutes} min can show that it varies, not that it does not: that takes "
            f"{JUDGED_MINUTES} min",
        )
    return Verdict(varies=False, detail=reason)


def _longest(samples: Samples, middle: float) -> tuple[float, float]:
    """Longest stretches, in seconds, that stay above the middle, and below it."""
    longest = {True: 0.0, False: 0.0}
    side, since = None, 0.0
    for at, value in samples:
        if (value > middle) != side:
            side, since = value > middle, at
        longest[side] = max(longest[side], at - since)
    return longest[True], longest[False]
