"""``logs``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group
from rich.rule import Rule
from rich.text import Text

from cli.app import LOOK, Branch, Json, OnlyBase
from cli.result import Result, command
from operations.errors import BadInputError


@command(LOOK)
def logs(
    branch: Branch,
    service: Annotated[str, typer.Argument(help="Service, such as grafana; all of them by default.")] = "",
    base: OnlyBase = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing lines of one service.")] = False,
    as_json: Json = False,
) -> Result:
    """Show the last log lines of a branch's preview, secrets masked."""
    from cli.session import open_engine
    from operations.logs import follow as follow_lines
    from operations.logs import last_lines

    if follow:
        if not service or as_json:
            raise BadInputError(
                "--follow shows one service, as text: name it, for example ./preview logs BRANCH workload --follow."
            )
        for line in follow_lines(open_engine(), branch, service, base):
            typer.echo(line)
        return Result()
    found = last_lines(open_engine(), branch, service, base)
    if service:
        return Result(text="\n".join(found.values()), data=found)
    parts = [part for name, text in found.items() for part in (Rule(name, align="left"), Text(text))]
    return Result(text=Group(*parts), data=found)
