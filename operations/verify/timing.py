"""The range that a preview's address opens on, and the intervals that Grafana's page derives from it."""

from __future__ import annotations

import bisect
import re

FROM, TO = "now-30m", "now"
RANGE_SECONDS = 30 * 60
RANGE_WORDS = "the last 30 min"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|[smhdwMy])?", re.ASCII)
# Up to which length, in milliseconds, Grafana rounds an interval to what.
_STEPS = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000), (3_500, 2_000),
    (7_500, 5_000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000),
    (210_000, 120_000), (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
)  # fmt: skip
_LONGEST_STEP_MS = 3_600_000


def opening_url(url: str) -> str:
    """Address that opens a preview on a range in which a young one has data, whatever range its dashboards name.

    Grafana's first page takes ``from`` and ``to`` where it *is* a dashboard (``default_home_dashboard_path``); a
    redirect to one (``home_page``) drops them.
    """
    return f"{url.rstrip('/')}/?from={FROM}&to={TO}"


def seconds_of(duration: str) -> float | None:
    """Seconds of ``30s``, ``1m``, ``20`` …; None where it is no duration."""
    match = _DURATION.fullmatch(duration.strip().removeprefix(">"))
    return float(match[1]) * _UNITS[match[2] or "s"] if match else None


def interval_ms(points: int, least: str) -> int:
    """Step of a query over the range, as the page computes it.

    Args:
        points: How many points shall be shown.
        least: Least interval, such as ``15s``; empty for none.
    """
    exact = RANGE_SECONDS * 1000 / max(points, 1)
    place = bisect.bisect_right([limit for limit, _ in _STEPS], exact)
    rounded = _STEPS[place][1] if place < len(_STEPS) else _LONGEST_STEP_MS
    return max(rounded, round((seconds_of(least) or 0) * 1000))


def words(milliseconds: int) -> str:
    """An interval as PromQL writes it, in its largest unit."""
    seconds = milliseconds / 1000
    for unit in ("y", "d", "h", "m", "s"):
        if seconds >= _UNITS[unit]:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{milliseconds}ms"
