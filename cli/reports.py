"""Commands that report."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated

import typer

from cli.app import LOOK, Base, Branch, Json, app, engine, err, out
from operations.errors import BadInputError


@app.command(name="list", rich_help_panel=LOOK)
def list_previews(base: Base = "local", as_json: Json = False) -> None:
    """Show the previews: branch, commit, address, age, expiry, state, health."""
    from cli.tables import preview_table
    from operations.listing import previews

    del base  # Every preview of the backend is shown, with the base it runs on.
    now = dt.datetime.now(dt.UTC)
    found = previews(engine(), now)
    if as_json:
        typer.echo(json.dumps([preview.as_dict() for preview in found], indent=2))
    elif found:
        out.print(preview_table(found, now))
    else:
        err.print("There is no preview. ./preview deploy BRANCH makes one.", highlight=False)


@app.command(rich_help_panel=LOOK)
def status(branch: Branch, base: Base = "local", as_json: Json = False) -> None:
    """Show a branch's preview and its containers."""
    from cli.tables import container_table, preview_facts
    from operations.listing import status as read_status

    del base
    now = dt.datetime.now(dt.UTC)
    preview, containers = read_status(engine(), branch, now)
    if as_json:
        typer.echo(json.dumps({**preview.as_dict(), "containers": [one.as_dict() for one in containers]}, indent=2))
    else:
        out.print(preview_facts(preview, now))
        out.print()
        out.print(container_table(containers))


@app.command(rich_help_panel=LOOK)
def logs(
    branch: Branch,
    service: Annotated[str, typer.Argument(help="Service, such as grafana; all of them by default.")] = "",
    base: Base = "local",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing lines of one service.")] = False,
) -> None:
    """Show the last log lines of a branch's preview, secrets masked."""
    from operations.logs import follow as follow_lines
    from operations.logs import last_lines

    del base
    if follow and not service:
        raise BadInputError("--follow shows one service: name it, for example ./preview logs BRANCH workload --follow.")
    if follow:
        for line in follow_lines(engine(), branch, service):
            typer.echo(line)
        return
    for name, text in last_lines(engine(), branch, service).items():
        if not service:
            out.rule(name, align="left")
        typer.echo(text)


@app.command(rich_help_panel=LOOK)
def credentials(branch: Branch, base: Base = "local", as_json: Json = False) -> None:
    """Show who may log in where, with passwords."""
    from cli.tables import credentials_table
    from operations.listing import credentials as read_credentials

    del base
    found = read_credentials(engine(), branch)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        out.print(credentials_table(found))
