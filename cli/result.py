"""What every command returns, and the one place that prints it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

import typer
from rich.console import RenderableType
from rich.markup import escape

from cli.app import app, err, out

P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command has found or done.

    Attributes:
        text: For a person, on standard output: a table, or text that is printed as it is. None: nothing.
        data: The same for ``--json``.
        note: What is said beside it, on standard error.
        failure: Raised once the rest is printed; decides the exit code.
    """

    text: RenderableType | None = None
    data: Any = None
    note: str = ""
    failure: Exception | None = None


def show(result: Result, *, as_json: bool) -> None:
    """Print a result.

    Raises:
        Exception: What the result says has failed.
    """
    if result.note:
        note(result.note)
    if as_json:
        typer.echo(json.dumps(result.data, indent=2))
    elif isinstance(result.text, str):
        typer.echo(result.text)
    elif result.text is not None:
        out.print(result.text)
    if result.failure:
        raise result.failure


def note(text: str) -> None:
    """Say what is going on."""
    err.print(escape(text), highlight=False, soft_wrap=True)


def command(panel: str, name: str | None = None) -> Callable[[Callable[P, Result]], Callable[P, None]]:
    """Make a function a command: its parameters are arguments and options, and its result is printed.

    Args:
        panel: Heading under which it is listed.
        name: Name of the command, where not the function's.
    """

    def register(function: Callable[P, Result]) -> Callable[P, None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            show(function(*args, **kwargs), as_json=bool(kwargs.get("as_json")))

        app.command(name=name, rich_help_panel=panel)(run)
        return run

    return register
