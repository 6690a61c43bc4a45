"""``setup``, ``demo``, ``env`` and ``slug``."""

from __future__ import annotations

import os
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.app import MACHINE, Base, Branch, Json, err
from cli.result import Result, command
from cli.tables import table
from stacks.names import LOCAL, PreviewName
from stacks.paths import Paths
from toolchain.environment import environment, prepare_state, unwanted

if TYPE_CHECKING:
    from toolchain.report import SetupResult


@command(MACHINE)
def setup(base: Base = "local", as_json: Json = False) -> Result:
    """Find, download or build what is needed; again: nothing to do. Docker and images only for the local base."""
    done = set_up(base)
    if as_json:
        return Result(data={"seconds": round(done.seconds, 1), "artefacts": [asdict(row) for row in done.rows]})
    err.print(_setup_table(done))
    return Result()


def set_up(base: str = LOCAL) -> SetupResult:
    """Run set-up, and show each artefact as it comes."""
    from cli.progress import SetupProgress
    from toolchain.run import run_setup

    with SetupProgress(err) as shown:
        return run_setup(Paths.default(), shown, docker=base == LOCAL)


@command(MACHINE)
def demo(
    branch: Annotated[str | None, typer.Option(help="Branch to show; the checkout's current one by default.")] = None,
    nodes: Annotated[
        int, typer.Option(min=1, max=9, help="Docker engines to spread it over; several need Linux and root.")
    ] = 1,
    down: Annotated[bool, typer.Option("--down", help="Take several engines down again, with all on them.")] = False,
    as_json: Json = False,
) -> Result:
    """Set-up, local base, a preview of the current branch, and where to look at it."""
    from cli.demo import demo as show
    from cli.demo import end_cluster

    if down:
        return end_cluster(nodes)
    return show(branch, set_up_and_show, nodes)


def set_up_and_show() -> None:
    """Set-up, with what it found, downloaded or built."""
    err.print(_setup_table(set_up()))


@command(MACHINE)
def env() -> Result:
    """Print lines for a shell, so that plain pulumi works on the same stacks: eval "$(./preview env)"."""
    paths = Paths.default()
    prepare_state(paths)
    values = environment(paths)
    added = values.pop("PATH").removesuffix(os.environ.get("PATH", "")).rstrip(os.pathsep)
    lines = [f"unset {name}" for name in unwanted(paths)]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    if added:
        lines.append(f'export PATH={shlex.quote(added)}:"$PATH"')
    return Result(text="\n".join(lines))


@command(MACHINE)
def slug(branch: Branch, as_json: Json = False) -> Result:
    """Print the slug of a branch."""
    found = PreviewName(branch).slug
    return Result(text=found, data={"branch": branch, "slug": found})


def _setup_table(result: SetupResult) -> Table:
    """What set-up found, downloaded or built; stand-ins stand out."""
    rows = table("artefact", "version", "how", "time", right="time")
    for row in result.rows:
        how = f"[yellow]{row.how}[/]" if row.how == "stand-in" else row.how
        rows.add_row(escape(row.name), escape(row.version), how, f"{row.seconds:.1f} s")
    return rows
