"""``history``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.app import LOOK, Json, OnlyBase
from cli.result import Result, command
from cli.result import note as say
from cli.tables import coloured, table

if TYPE_CHECKING:
    from operations.upkeep.history import Entry


@command(LOOK)
def history(
    branch: Annotated[str, typer.Argument(help="Branch name; all previews by default.")] = "",
    base: OnlyBase = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
    as_json: Json = False,
) -> Result:
    """Show what has happened to previews, the newest first; also of those that are gone."""
    from cli.session import open_engine
    from operations.upkeep.history import history as read

    found = read(open_engine(), branch, base, limit, say)
    return Result(
        text=_table(found) if found else None,
        data=[entry.as_dict() for entry in found],
        note="" if found else f"Nothing is known to have happened to {branch or 'any preview'}.",
    )


def _table(entries: Sequence[Entry]) -> Table:
    rows = table("when (UTC)", "what", "branch", "commit", "by", "reason")
    for entry in entries:
        rows.add_row(
            # To the minute; somebody may have written into the history by hand.
            escape(entry.at[:16].replace("T", " ")),
            coloured(entry.what),
            escape(entry.branch),
            escape(entry.commit[:8]),
            escape(entry.by),
            escape(entry.why),
        )
    return rows
