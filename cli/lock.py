"""``lock``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.app import LOOK, Json
from cli.result import Result, command
from cli.tables import span, table

if TYPE_CHECKING:
    from operations.engine.held import Held


@command(LOOK)
def lock(
    branch: Annotated[str, typer.Argument(help="Branch name; all previews and bases by default.")] = "",
    as_json: Json = False,
) -> Result:
    """Show who holds a preview, and since when: this command's operations here, and Pulumi's everywhere."""
    from cli.session import open_engine
    from operations.engine.held import held
    from stacks.names import PreviewName

    found = held(open_engine(), PreviewName(branch).stack if branch else "")
    return Result(
        text=_table(found, dt.datetime.now(dt.UTC)) if found else None,
        data=[one.as_dict() for one in found],
        note="" if found else f"Nobody holds {f'the preview of {branch}' if branch else 'anything'}.",
    )


def _table(found: list[Held], now: dt.datetime) -> Table:
    rows = table("stack", "held by", "user", "machine", "process", "since", "for")
    for one in found:
        holder = one.holder
        rows.add_row(
            one.stack,
            holder.operation,
            escape(holder.user),
            escape(holder.host),
            str(holder.pid),
            holder.since,
            span(holder.since, now),
        )
    return rows
