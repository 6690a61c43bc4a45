"""How tables look, and words and times in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

_STATES = {
    "live": "green", "asleep": "blue", "busy": "yellow", "incomplete": "red", "expired": "red",
    "destroyed": "green", "removed": "green", "stopped": "green", "skipped": "yellow", "due": "yellow", "failed": "red",
    "rolled back": "yellow", "broken": "red",
    "healthy": "green", "starting": "yellow", "unhealthy": "red",
}  # fmt: skip

_NARROWEST = 12


def table(*columns: str, right: str = "") -> Table:
    """An empty table.

    Args:
        columns: Headings.
        right: The one that is aligned to the right.
    """
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # In a narrow terminal the words of a reason and a long name take more lines; nothing else is cut then.
        made.add_column(
            column,
            no_wrap=column not in ("branch", "reason"),
            overflow="fold" if column == "branch" else "ellipsis",
            min_width=_NARROWEST if column in ("branch", "reason") else None,
            justify="right" if column == right else "left",
        )
    return made


def facts(values: Mapping[str, str]) -> Table:
    """A row a fact."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in values.items():
        made.add_row(name, value)
    return made


def coloured(word: str) -> str:
    """A word for a state, in its colour."""
    colour = _STATES.get(word)
    return f"[{colour}]{word}[/]" if colour else escape(word)


def span(moment: str, now: dt.datetime) -> str:
    """Time between a moment, RFC 3339, and now."""
    if not moment:
        return "?"
    minutes = int(abs((dt.datetime.fromisoformat(moment) - now).total_seconds()) // 60)
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
