"""``list``, ``status`` and ``credentials``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from cli.app import LOOK, Branch, Json, OnlyBase
from cli.result import Result, command
from cli.tables import coloured, facts, span, table

if TYPE_CHECKING:
    from operations.listing import Preview
    from operations.machine.docker_state import ContainerState

_WIDEST = 10_000


@command(LOOK, name="list")
def list_previews(base: OnlyBase = "", as_json: Json = False) -> Result:
    """Show the previews: branch, commit, address, age, expiry, state, health."""
    from cli.session import open_engine
    from operations.listing import previews

    now = dt.datetime.now(dt.UTC)
    found = previews(open_engine(), now, base)
    return Result(
        text=PreviewTable(found, now) if found else None,
        data=[preview.as_dict() for preview in found],
        note="" if found else "There is no preview. ./preview deploy BRANCH makes one.",
    )


@command(LOOK)
def status(branch: Branch, base: OnlyBase = "", as_json: Json = False) -> Result:
    """Show a branch's preview and its containers."""
    from cli.session import open_engine
    from operations.listing import status as read_status

    now = dt.datetime.now(dt.UTC)
    preview, containers = read_status(open_engine(), branch, now, base)
    return Result(
        text=Group(_preview_facts(preview, now), "", _container_table(containers)),
        data={**preview.as_dict(), "containers": [one.as_dict() for one in containers]},
    )


@command(LOOK)
def credentials(branch: Branch, base: OnlyBase = "", as_json: Json = False) -> Result:
    """Show who may log in where, with passwords."""
    from cli.session import open_engine
    from operations.listing import credentials as read_credentials

    found = read_credentials(open_engine(), branch, base)
    return Result(text=_credentials_table(found), data=found)


@dataclass(frozen=True)
class PreviewTable:
    """Previews for a person, as wide as the terminal allows: addresses get a line of their own where it is narrow.

    Attributes:
        previews: The previews.
        now: The moment as of which ages are.
    """

    previews: Sequence[Preview]
    now: dt.datetime

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def fits(one: Table) -> bool:
            return Measurement.get(console, options.update(max_width=_WIDEST), one).maximum <= options.max_width

        whole = self._table(with_url=True)
        if fits(whole):
            yield whole
            return
        short = self._table()
        lines = console.render_lines(short if fits(short) else self._table(with_by=False), options, pad=False)
        for line, url in zip(lines, ["", *(preview.url for preview in self.previews)], strict=True):
            yield from line
            yield Segment.line()
            if url:
                yield Text(f"  {url}", style="dim", overflow="fold")

    def _table(self, *, with_url: bool = False, with_by: bool = True) -> Table:
        with_nodes = any(preview.nodes for preview in self.previews)
        cells: dict[str, Callable[[Preview], str]] = {
            "branch": lambda one: escape(one.branch or f"({one.slug})"),
            "state": lambda one: coloured(one.state),
            "health": lambda one: one.health,
            "commit": lambda one: escape(one.commit[:8]),
            **({"by": lambda one: escape(one.deployed_by)} if with_by else {}),
            "age": lambda one: span(one.deployed_at, self.now),
            "expires in": lambda one: "kept" if one.kept else _left(one.expires_at, self.now),
            **({"nodes": lambda one: _counted(one.nodes)} if with_nodes else {}),
            **({"url": lambda one: one.url} if with_url else {}),
        }
        rows = table(*cells)
        # Each has one line here, and its address the next.
        rows.columns[0].no_wrap, rows.columns[0].overflow = True, "ellipsis"
        for preview in self.previews:
            rows.add_row(*(cell(preview) for cell in cells.values()))
        return rows


def _counted(nodes: Mapping[str, str]) -> str:
    """How many services are on which node."""
    return ", ".join(f"{node}: {count}" for node, count in sorted(Counter(nodes.values()).items()))


def _left(moment: str, now: dt.datetime) -> str:
    over = bool(moment) and dt.datetime.fromisoformat(moment) <= now
    return f"[red]{span(moment, now)} ago[/]" if over else span(moment, now)


def _preview_facts(preview: Preview, now: dt.datetime) -> Table:
    return facts(
        {
            "branch": escape(preview.branch),
            "url": preview.url,
            "state": f"{coloured(preview.state)}, {preview.health}",
            "commit": escape(preview.commit) or "?",
            "deployed": f"{preview.deployed_at or '?'} ({span(preview.deployed_at, now)} ago)"
            + (f" by {escape(preview.deployed_by)}" if preview.deployed_by else ""),
            "expires": f"kept (by {preview.kept})"
            if preview.kept
            else f"{preview.expires_at or '?'} ({_left(preview.expires_at, now)})",
            "base": preview.base,
            "stack": preview.stack,
        }
    )


def _container_table(containers: Sequence[ContainerState]) -> Table:
    on_nodes = any(one.node for one in containers)
    rows = table("service", "status", "health", *(["node"] if on_nodes else []), "container")
    for one in containers:
        rows.add_row(one.service, one.status, coloured(one.health or "-"), *([one.node] if on_nodes else []), one.name)
    return rows


def _credentials_table(found: Mapping[str, Mapping[str, str]]) -> Table:
    rows = table("service", "user", "password")
    for service, entry in sorted(found.items()):
        rows.add_row(service, entry["user"], entry["password"])
    return rows
