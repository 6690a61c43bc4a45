"""``list``, ``status`` and ``credentials``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from cli.app import LOOK, Branch, Json, OnlyBase
from cli.result import Result, command
from cli.tables import coloured, facts, span, table

if TYPE_CHECKING:
    from operations.listing import Preview
    from operations.machine.docker_state import ContainerState


@command(LOOK, name="list")
def list_previews(base: OnlyBase = "", as_json: Json = False) -> Result:
    """Show the previews: branch, commit, address, age, expiry, state, health."""
    from cli.session import open_engine
    from operations.listing import previews

    now = dt.datetime.now(dt.UTC)
    found = previews(open_engine(), now, base)
    return Result(
        text=preview_table(found, now) if found else None,
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


def preview_table(previews: Sequence[Preview], now: dt.datetime) -> Table:
    """Previews for a person; ages are as of the given time."""
    on_nodes = any(preview.nodes for preview in previews)
    rows = table("branch", "state", "health", "commit", "age", "expires in", *(["nodes"] if on_nodes else []), "url")
    for preview in previews:
        rows.add_row(
            escape(preview.branch or f"({preview.slug})"),
            coloured(preview.state),
            preview.health,
            escape(preview.commit[:8]),
            span(preview.deployed_at, now),
            "kept" if preview.kept else _left(preview.expires_at, now),
            *([_counted(preview.nodes)] if on_nodes else []),
            preview.url,
        )
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
            "deployed": f"{preview.deployed_at or '?'} ({span(preview.deployed_at, now)} ago)",
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
