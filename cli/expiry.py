"""``extend``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from cli.app import MAKE, WAIT_SECONDS, Branch, Json, OnlyBase, Wait
from cli.result import Result, command
from stacks.moments import text_of


@command(MAKE)
def extend(
    branch: Branch,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="By how many hours.")],
    base: OnlyBase = "",
    wait: Wait = WAIT_SECONDS,
    as_json: Json = False,
) -> Result:
    """Move the end of a branch's preview; of one that has expired, counted from now."""
    from cli.session import open_engine
    from operations.upkeep.expiry import extend as move_end

    end = text_of(move_end(open_engine(wait_seconds=wait), branch, hours, dt.datetime.now(dt.UTC), base))
    data = {"branch": branch, "expires_at": end}
    return Result(text=f"The preview of {branch} lives until {end}.", data=data)
