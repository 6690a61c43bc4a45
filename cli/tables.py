"""Results as tables for a person. Renders; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from operations.listing import Preview
from operations.machine.docker_state import ContainerState
from operations.upkeep.orphans import Orphan
from operations.upkeep.reap import Reaped
from toolchain.report import SetupResult

_STATES = {
    "live": "green", "busy": "yellow", "incomplete": "red", "expired": "red",
    "destroyed": "green", "removed": "green", "skipped": "yellow", "due": "yellow", "failed": "red",
    "healthy": "green", "starting": "yellow", "unhealthy": "red",
}  # fmt: skip


def _table(*columns: str, right: str = "") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column != "reason", justify="right" if column == right else "left")
    return table


def _coloured(word: str) -> str:
    colour = _STATES.get(word)
    return f"[{colour}]{word}[/]" if colour else escape(word)


def setup_table(result: SetupResult) -> Table:
    """What set-up found, downloaded or built; stand-ins stand out."""
    table = _table("artefact", "version", "how", "time", right="time")
    for row in result.rows:
        how = f"[yellow]{row.how}[/]" if row.how == "stand-in" else row.how
        table.add_row(escape(row.name), escape(row.version), how, f"{row.seconds:.1f} s")
    return table


def preview_table(previews: Sequence[Preview], now: dt.datetime) -> Table:
    """``list`` for a person; ages are as of the given time."""
    table = _table("branch", "state", "health", "commit", "age", "expires in", "url")
    for preview in previews:
        table.add_row(
            escape(preview.branch or f"({preview.slug})"),
            _coloured(preview.state),
            preview.health,
            escape(preview.commit[:8]),
            span(preview.deployed_at, now),
            _left(preview.expires_at, now),
            preview.url,
        )
    return table


def span(moment: str, now: dt.datetime) -> str:
    """Time between a moment, RFC 3339, and now."""
    if not moment:
        return "?"
    minutes = int(abs((dt.datetime.fromisoformat(moment) - now).total_seconds()) // 60)
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _left(moment: str, now: dt.datetime) -> str:
    over = bool(moment) and dt.datetime.fromisoformat(moment) <= now
    return f"[red]{span(moment, now)} ago[/]" if over else span(moment, now)


def preview_facts(preview: Preview, now: dt.datetime) -> Table:
    """``status`` for a person: the preview itself."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in (
        ("branch", escape(preview.branch)),
        ("url", preview.url),
        ("state", f"{_coloured(preview.state)}, {preview.health}"),
        ("commit", escape(preview.commit) or "?"),
        ("deployed", f"{preview.deployed_at or '?'} ({span(preview.deployed_at, now)} ago)"),
        ("expires", f"{preview.expires_at or '?'} ({_left(preview.expires_at, now)})"),
        ("base", preview.base),
        ("stack", preview.stack),
    ):
        table.add_row(name, value)
    return table


def container_table(containers: Sequence[ContainerState]) -> Table:
    """``status`` for a person: its containers."""
    table = _table("service", "status", "health", "container")
    for one in containers:
        table.add_row(one.service, one.status, _coloured(one.health or "-"), one.name)
    return table


def reaped_table(reaped: Sequence[Reaped]) -> Table:
    """``reap`` for a person: what became of each preview."""
    table = _table("branch", "why", "result", "time", "reason", right="time")
    for one in reaped:
        seconds = f"{one.seconds:.1f} s" if one.seconds else ""
        table.add_row(escape(one.branch or one.stack), one.why, _coloured(one.result), seconds, escape(one.reason))
    return table


def orphan_table(orphans: Sequence[Orphan], now: dt.datetime) -> Table:
    """``reap`` for a person: what no stack owns."""
    table = _table("kind", "name", "age", "result", "reason")
    for one in orphans:
        table.add_row(one.kind, escape(one.name), span(one.created_at, now), _coloured(one.result), escape(one.reason))
    return table


def credentials_table(credentials: Mapping[str, Mapping[str, str]]) -> Table:
    """``credentials`` for a person."""
    table = _table("service", "user", "password")
    for service, entry in sorted(credentials.items()):
        table.add_row(service, entry["user"], entry["password"])
    return table


def times_table(times: Sequence[tuple[str, float]]) -> Table:
    """Time of each phase."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for phase, seconds in times:
        table.add_row(phase, f"{seconds:.1f} s")
    table.add_row("[bold]total[/]", f"[bold]{sum(seconds for _, seconds in times):.1f} s[/]")
    return table
