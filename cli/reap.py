"""``reap``."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape

from cli.app import AUTOMATION, Auto, Json, OnlyBase, Start
from cli.result import Result, command, note
from cli.tables import coloured, span, table
from operations.errors import OperationError

if TYPE_CHECKING:
    from operations.upkeep.orphans import Orphan
    from operations.upkeep.settled import Reaped, Settled


@command(AUTOMATION)
def reap(
    base: OnlyBase = "",
    auto: Auto = Start.MANUAL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be destroyed.")] = False,
    branches_from: Annotated[
        str, typer.Option(help="Git remote; previews of branches that it does not have are destroyed too.")
    ] = "",
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Remove what no stack owns; without it, it is only listed.")
    ] = False,
    idle: Annotated[
        int, typer.Option(min=0, help="Put previews to sleep that nobody has looked at for so many hours; 0: none.")
    ] = 0,
    as_json: Json = False,
) -> Result:
    """Destroy previews that have come to their end, and list what no stack owns.

    In a job of GitLab, environments and previews are made to agree, and the label preview::keep keeps.
    """
    from cli.audience import audience
    from cli.session import open_engine
    from operations.find import bases
    from operations.review.settings import gitlab_of
    from operations.upkeep.idle import put_idle_to_sleep
    from operations.upkeep.orphans import find_orphans
    from operations.upkeep.pages import settle_pages
    from operations.upkeep.reap import ReapRequest
    from operations.upkeep.reap import reap as reap_previews

    now = dt.datetime.now(dt.UTC)
    engine = open_engine(wait_seconds=0)
    hears = audience(note)
    request = ReapRequest(
        base=base,
        branches_from=branches_from,
        dry_run=dry_run,
        now=now,
        happened=hears,
        gitlab=gitlab_of(os.environ),
        started_by_label=auto is Start.LABEL,
    )
    found: list[Orphan] = []
    failures: list[str] = []
    faults: list[Exception] = []

    @contextmanager
    def told_at_the_end(what: str) -> Iterator[None]:
        """The others are looked at all the same, and the result of what was done must not be lost."""
        try:
            yield
        except OperationError as error:
            failures.append(f"{what}: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of the project, which is told as one below the table
            faults.append(error)

    names = bases(engine, base)
    reaped, settled = reap_previews(engine, request, note)
    for name in names:
        if idle:
            with told_at_the_end(f"Nobody knows who looks at the previews of the base {name}"):
                reaped += put_idle_to_sleep(engine, name, idle, now, note, hears, dry_run=dry_run)
        with told_at_the_end(f"What the page says could not be looked at on the base {name}"):
            settled += settle_pages(engine, name, now, dry_run=dry_run)
        with told_at_the_end(f"What no stack owns could not be looked for on the base {name}"):
            found += find_orphans(engine, name, remove=orphans and not dry_run)
    results = {row.result for row in reaped} | {row.result for row in settled} | {row.result for row in found}
    if "failed" in results:
        failures.append("Not all is in order: the reasons are listed. Run reap again.")
    if failures:
        faults.append(OperationError(" ".join(failures)))
    return Result(
        text=_tables(reaped, settled, found, now),
        data={
            "previews": [one.as_dict() for one in reaped],
            "settled": [one.as_dict() for one in settled],
            "orphans": [one.as_dict() for one in found],
        },
        note="No stack owns these: ./preview reap --orphans removes them." if found and not orphans else "",
        failure=faults[0] if faults else None,
    )


def _tables(
    reaped: Sequence[Reaped], settled: Sequence[Settled], orphans: Sequence[Orphan], now: dt.datetime
) -> RenderableType:
    parts: list[RenderableType] = []
    if reaped:
        destroyed = table("branch", "why", "result", "time", "reason", right="time")
        for one in reaped:
            seconds = f"{one.seconds:.1f} s" if one.seconds else ""
            destroyed.add_row(
                escape(one.branch or one.stack), one.why, coloured(one.result), seconds, escape(one.reason)
            )
        parts.append(destroyed)
    else:
        parts.append("No preview is due.")
    if settled:
        others = table("branch", "why", "result", "reason")
        for settlement in settled:
            result = coloured(settlement.result)
            others.add_row(escape(settlement.branch), settlement.why, result, escape(settlement.reason))
        parts.append(others)
    if orphans:
        left = table("kind", "name", "age", "result", "reason")
        for orphan in orphans:
            age = span(orphan.created_at, now)
            left.add_row(orphan.kind, escape(orphan.name), age, coloured(orphan.result), escape(orphan.reason))
        parts.append(left)
    return Group(*parts)
