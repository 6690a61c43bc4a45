"""``keep`` and ``unkeep``."""

from __future__ import annotations

import datetime as dt

from cli.app import MAKE, WAIT_SECONDS, Branch, Json, OnlyBase, Wait
from cli.result import Result, command


@command(MAKE)
def keep(branch: Branch, base: OnlyBase = "", wait: Wait = WAIT_SECONDS, as_json: Json = False) -> Result:
    """Keep a branch's preview beyond its end, for as long as the branch is there."""
    from cli.session import open_engine, quietly
    from operations.upkeep.expiry import keep as keep_preview

    after = keep_preview(open_engine(wait_seconds=wait), branch, quietly(), base)
    text = f"The preview of {branch} is kept for as long as the branch is there, or until ./preview unkeep."
    return Result(text=text, data={"branch": branch, "kept": after.kept})


@command(MAKE)
def unkeep(branch: Branch, base: OnlyBase = "", wait: Wait = WAIT_SECONDS, as_json: Json = False) -> Result:
    """Keep a branch's preview no longer; it ends when it would have, and in 12 hours at the earliest."""
    from cli.session import open_engine, quietly
    from operations.upkeep.expiry import unkeep as let_end

    after = let_end(open_engine(wait_seconds=wait), branch, dt.datetime.now(dt.UTC), quietly(), base)
    text = f"The preview of {branch} is kept no longer: it lives until {after.expires_at}."
    return Result(text=text, data={"branch": branch, "kept": "", "expires_at": after.expires_at})
