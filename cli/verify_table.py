"""How the result of a verification looks on a terminal. Renders; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from operations.verify.activity import JUDGED_MINUTES, Samples
from operations.verify.verify import TPS, Verification

_BLOCKS = "▁▂▃▄▅▆▇█"
# Ten minutes, a sample every ten seconds, both ends included.
_WIDTH = 61
_MARKS = {True: "[green]✓[/]", False: "[bold red]✗[/]", None: "[yellow]?[/]"}


def verify_table(result: Verification) -> RenderableType:
    """A row a check, a sparkline a series, and what a short window cannot tell."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in result.checks:
        table.add_row(_MARKS[check.ok], check.name, escape(check.detail))
    curves = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        curves.add_column(no_wrap=True)
    for name, samples in result.series.items():
        values = [value for _, value in samples]
        span = f"{min(values):.3g} to {max(values):.3g}" if values else "no data"
        curves.add_row(name, sparkline(samples), span)
    parts: list[RenderableType] = [table, "", f"[bold]The last {result.minutes} min[/]", curves]
    if result.minutes < JUDGED_MINUTES:
        parts.append(
            f"A window of less than {JUDGED_MINUTES} min can show that the activity varies, not that it does not."
        )
    return Group(*parts)


def verify_line(result: Verification) -> str:
    """The same in one line."""
    passed = sum(check.ok is True for check in result.checks)
    untold = sum(check.ok is None for check in result.checks)
    later = f", {untold} cannot be told yet" if untold else ""
    return f"{passed} of {len(result.checks)} checks passed{later} · TPS {sparkline(result.series[TPS])}"


def sparkline(samples: Samples) -> str:
    """A curve from zero to its maximum in block characters, at most 61 wide."""
    values = _condensed([value for _, value in samples])
    top = max(values, default=0.0)
    if top <= 0:
        return _BLOCKS[0] * len(values)
    return "".join(_BLOCKS[round(max(value, 0.0) / top * (len(_BLOCKS) - 1))] for value in values)


def _condensed(values: Sequence[float]) -> list[float]:
    """Means of groups of neighbours, where there are more values than places."""
    groups = -(-len(values) // _WIDTH) or 1
    chunks = (values[place : place + groups] for place in range(0, len(values), groups))
    return [sum(chunk) / len(chunk) for chunk in chunks]
