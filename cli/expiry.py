"""``extend``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from cli.app import MAKE, WAIT_SECONDS, Branch, Json, OnlyBase, Wait
from cli.result import Result, command


@command(MAKE)
def extend(
    branch: Branch,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="By how many hours.")],
    base: OnlyBase = "",
    wait: Wait = WAIT_SECONDS,
    as_json: Json = False,
) -> Result:
    """Move the end of a branch's preview; of one that has expired, counted from now."""
    from cli.session import open_engine, quietly
    from operations.upkeep.expiry import extend as move_end

    after = move_end(open_engine(wait_seconds=wait), branch, hours, dt.datetime.now(dt.UTC), quietly(), base)
    text = f"The preview of {branch} lives until {after.expires_at}"
    if after.kept:
        text += ", and beyond it for as long as it is kept"
    return Result(text=f"{text}.", data={"branch": branch, "expires_at": after.expires_at, "kept": after.kept})
