"""``exec`` and ``psql``."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.app import LOOK, Branch, OnlyBase
from cli.result import Result, command
from operations.errors import BadInputError

if TYPE_CHECKING:
    from operations.machine.streams import Streams


@command(LOOK, name="exec")
def execute(
    branch: Branch,
    service: Annotated[str, typer.Argument(help="Service, such as grafana.")],
    program: Annotated[
        list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="Program and arguments; a shell by default.")
    ] = None,
    base: OnlyBase = "",
) -> Result:
    """Run a program in a container of a branch's preview; its exit code is the command's."""
    from cli.session import open_engine
    from operations.inside import run_inside

    return _ended(lambda streams: run_inside(open_engine(), branch, service, program or (), streams, base))


@command(LOOK)
def psql(
    branch: Branch,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[sink|target] [-- ARGS...]", help="Database, target by default; arguments of psql."),
    ] = None,
    base: OnlyBase = "",
) -> Result:
    """Ask a database of a branch's preview, as its superuser; the exit code is psql's."""
    from cli.session import open_engine
    from operations.inside import DATABASES
    from operations.inside import psql as run

    first, *rest = [*(arguments or []), ""]
    if first in DATABASES:
        database, given = first, rest[:-1]
    elif first == "" or first.startswith("-"):
        database, given = "target", arguments or []
    else:
        raise BadInputError(
            f"There is no database {first!r}: name sink or target, and psql's own arguments behind --, for example "
            "./preview psql BRANCH sink -- -c 'select 1'."
        )
    return _ended(lambda streams: run(open_engine(), branch, database, given, streams, base))


def _ended(run: Callable[[Streams], int]) -> Result:
    from operations.machine.streams import Streams

    try:
        code = run(Streams())
    except BrokenPipeError:
        # As a program that writes to a pipe which nobody reads any more.
        code = 128 + signal.SIGPIPE
    return Result(failure=typer.Exit(code) if code else None)
