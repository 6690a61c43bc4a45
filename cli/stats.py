"""``stats``."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli.app import LOOK, Json, OnlyBase, out
from cli.result import Result, command
from cli.tables import coloured, table
from operations.errors import InterruptedOperationError

if TYPE_CHECKING:
    from operations.stats import Load, Meter

_MIB = 1 << 20
_FIRST_SECONDS = 1.0
_EVERY_SECONDS = 2.0
_TIGHT = 0.9


@command(LOOK)
def stats(
    branch: Annotated[str, typer.Argument(help="Branch name; all previews by default.")] = "",
    base: OnlyBase = "",
    once: Annotated[bool, typer.Option("--once", help="Show it once, as where nobody looks at a terminal.")] = False,
    as_json: Json = False,
) -> Result:
    """Show what the containers use of their limits, until interrupted."""
    from cli.session import open_engine
    from operations.stats import Meter

    meter = Meter(open_engine(), branch, base)
    # Processor time is told between two looks.
    meter.look()
    time.sleep(_FIRST_SECONDS)
    if not (once or as_json) and out.is_terminal:
        return _live(meter)
    loads = meter.look()
    return Result(
        text=stats_table(loads) if loads else None,
        data=[load.as_dict() for load in loads],
        note="" if loads else "There is no preview. ./preview deploy BRANCH makes one.",
    )


def _live(meter: Meter) -> Result:
    try:
        with Live(stats_table(meter.look()), console=out, auto_refresh=False) as shown:
            while True:
                time.sleep(_EVERY_SECONDS)
                shown.update(stats_table(meter.look()), refresh=True)
    except InterruptedOperationError as error:
        if error.signal_number != signal.SIGINT:
            raise
        # Ctrl-C is how one leaves it.
        return Result(failure=typer.Exit(128 + signal.SIGINT))


def stats_table(loads: list[Load]) -> Table:
    """A row a container."""
    rows = table("branch", "service", "status", "cpu", "of", "memory", "working set", "of", "in", "out", "restarts", "")
    for column in rows.columns[3:]:
        column.justify = "right"
    for load in loads:
        found = load.as_dict()
        rows.add_row(
            escape(load.branch),
            found["service"],
            coloured(found["health"] or found["status"]),
            _share(found["cpu_share"]),
            f"{found['cpu_limit']:g}",
            _size(found["memory"]),
            f"{_size(found['working_set'])} {_share(found['memory_share']):>5}",
            _size(found["memory_limit"]),
            _size(found["received"]),
            _size(found["sent"]),
            str(found["restarts"]),
            "[red]out of memory[/]" if found["out_of_memory"] else "",
        )
    return rows


def _share(share: float | None) -> str:
    if share is None:
        return "–"
    return f"[red]{share:.0%}[/]" if share > _TIGHT else f"{share:.0%}"


def _size(size: int | None) -> str:
    return "–" if size is None else f"{size / _MIB:.1f} MiB" if size < 10 * _MIB else f"{size / _MIB:.0f} MiB"
