"""Pictures of a preview's dashboards, alone or beside those of another preview, as checks of a verification."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import httpx

from operations.engine.workspace import Engine
from operations.errors import OperationError
from operations.find import existing, machine_at
from operations.machine.access import Machine
from operations.review.writer import MOST_BYTES, write_picture
from operations.verify import checks
from operations.verify.answers import RefusedError
from operations.verify.checks import Check
from operations.verify.comparison import INDEX, Comparison, compared
from operations.verify.pictures import Drawn, Site, Span, draw, small
from operations.verify.timing import RANGE_SECONDS
from stacks.names import NameRefusedError

_ALONE = "pictures of every dashboard"
_BESIDE = "pictures before and after"
_ON_PAGE = "a picture on the page of all previews"
_FOLDER = "before"


def pictures(
    engine: Engine, program: str, site: Site, directory: Path, against: str
) -> tuple[list[Check], Comparison | None]:
    """Draw all dashboards of a preview, and those of another one beside them.

    How they differ is no failure, nor that the other preview cannot be drawn.

    Args:
        engine: The engine.
        program: The browser.
        site: The preview.
        directory: Gets the pictures of the preview; those of the other one are in a folder of it.
        against: Branch of the other preview; empty: none.
    """
    end = dt.datetime.now(dt.UTC)
    span = (end - dt.timedelta(seconds=RANGE_SECONDS), end) if against else None
    try:
        after = draw(program, site, directory, span)
    except (httpx.HTTPError, RefusedError) as error:
        return [checks.unanswered(_ALONE, error)], None
    taken, all_of_them = len(after.pictures), len(after.dashboards)
    found = [Check(name=_ALONE, ok=taken == all_of_them, detail=f"{taken} of {all_of_them} in {directory}")]
    if span is None:
        return found, None
    try:
        before = _other(engine, program, against, directory / _FOLDER, span)
    except (OperationError, NameRefusedError) as error:
        return [*found, Check(name=_BESIDE, ok=None, detail=str(error))], None
    except (httpx.HTTPError, RefusedError) as error:
        said = f"the preview of {against} does not answer: {checks.reason_of(error)}"
        return [*found, Check(name=_BESIDE, ok=None, detail=said)], None
    comparison = compared(before, after, directory, span)
    comparison.write_index()
    return [*found, Check(name=_BESIDE, ok=True, detail=f"{comparison} ({directory / INDEX})")], comparison


def show_on_page(program: str, site: Site, machine: Machine, slug: str) -> list[Check]:
    """Put a small picture of the preview onto the page of all previews; nothing where its base has no such page.

    Args:
        program: The browser.
        site: The preview.
        machine: Its machine.
        slug: Its slug.
    """
    if not machine.base.page_directory:
        return []
    picture = small(program, site)
    if not 0 < len(picture) <= MOST_BYTES:
        return [Check(name=_ON_PAGE, ok=None, detail="Chromium has drawn none that the page could show")]
    try:
        write_picture(machine, slug, picture)
    except OperationError as error:
        return [Check(name=_ON_PAGE, ok=None, detail=str(error))]
    return [Check(name=_ON_PAGE, ok=True, detail=machine.base.page_url)]


def _other(engine: Engine, program: str, branch: str, directory: Path, span: Span) -> Drawn:
    found = existing(engine, branch)
    entrance = machine_at(engine, found.outputs.base).entrance
    return draw(program, Site(branch=branch, url=found.outputs.url, entrance=entrance), directory, span)
