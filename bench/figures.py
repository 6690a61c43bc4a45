"""What is made of measured numbers. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """``seconds = constant + slope × count``, as near to the measured points as a straight line gets.

    Attributes:
        constant: Seconds without a single one.
        slope: Seconds each one adds.
    """

    constant: float
    slope: float


def line_through(points: Sequence[tuple[float, float]]) -> Line:
    """The least-squares line through points (count, seconds).

    Raises:
        ValueError: Fewer than two different counts.
    """
    if len({count for count, _ in points}) < 2:
        raise ValueError("A line needs figures of at least two different counts.")
    fitted = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    return Line(constant=fitted.intercept, slope=fitted.slope)


def per_one_ratio(smaller: tuple[float, float], larger: tuple[float, float]) -> float:
    """Seconds per one at the larger of two points (count, seconds), as a multiple of those at the smaller."""
    return (larger[1] / larger[0]) / (smaller[1] / smaller[0])


def p95(values: Sequence[float]) -> float:
    """The smallest of the values that at least 95 % of them do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def slowdown(values: Sequence[float], width: int = 10) -> float:
    """Median of the last values as a multiple of that of the first; of fewer, where the two would overlap."""
    width = max(1, min(width, len(values) // 2))
    return statistics.median(values[-width:]) / statistics.median(values[:width])


def percent(part: float, whole: float) -> float:
    """A part of a whole in percent; 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def shares(cpu_seconds: Sequence[float], moments: Sequence[float], cpus: float) -> list[float]:
    """Processor time between each two samples, in percent of the limit.

    Args:
        cpu_seconds: Processor time used so far, at each sample.
        moments: Seconds on one clock, at each sample.
        cpus: The limit in processors.
    """
    return [
        percent(used - used_before, (now - then) * cpus)
        for used_before, used, then, now in zip(cpu_seconds, cpu_seconds[1:], moments, moments[1:], strict=False)
    ]


def spread(seconds: Sequence[float]) -> str:
    """Smallest and largest, as tables show them."""
    return f"{min(seconds):.1f}–{max(seconds):.1f}"
