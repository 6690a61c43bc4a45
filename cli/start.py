"""Commands for a start: set-up, the demo, names and the environment of plain pulumi."""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import typer

from cli.app import MACHINE, Base, Branch, app, err, phases
from stacks.names import slug_of
from stacks.paths import Paths
from toolchain.environment import environment, prepare_state


@app.command(rich_help_panel=MACHINE)
def setup(base: Base = "local") -> None:
    """Find, download or build what is needed; again: nothing to do. Docker and images only for the local base."""
    phases().set_up(Paths.default(), err, base)


@app.command(rich_help_panel=MACHINE)
def demo(
    branch: Annotated[str | None, typer.Option(help="Branch to show; the checkout's current one by default.")] = None,
) -> None:
    """Set-up, local base, a preview of the current branch, and where to look at it."""
    from cli.demo import demo as show

    typer.echo(show(Paths.default(), branch, err))


@app.command(rich_help_panel=MACHINE)
def env() -> None:
    """Print export lines, so that plain pulumi works on the same stacks: eval "$(./preview env)"."""
    paths = Paths.default()
    prepare_state(paths)
    values = environment(paths)
    added = values.pop("PATH").removesuffix(os.environ.get("PATH", "")).rstrip(os.pathsep)
    for name, value in sorted(values.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")
    if added:
        typer.echo(f'export PATH={shlex.quote(added)}:"$PATH"')


@app.command(rich_help_panel=MACHINE)
def slug(branch: Branch) -> None:
    """Print the slug of a branch."""
    typer.echo(slug_of(branch))
