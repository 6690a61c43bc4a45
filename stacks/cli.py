"""The operators' command: arguments, printing, exit codes. The only place that prints."""

from __future__ import annotations

import datetime as dt
import json
import os
import shlex
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from stacks.names import NameRefusedError, slug_of
from stacks.operations.errors import BadInputError, OperationError, UnhealthyError
from stacks.setup.environment import environment
from stacks.setup.paths import Paths
from stacks.setup.report import SetupError

# Modules that pull in the engine's client are imported by the commands that need them: `slug` answers at once.

if TYPE_CHECKING:
    from stacks.operations.workspace import Engine

EXIT_UNEXPECTED = 1
EXIT_BAD_INPUT = 2

# Where nobody looks at a terminal, lines are as long as tables need.
_WIDTH_OF_FILES = 200
out = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
err = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH_OF_FILES)


class _Commands(TyperGroup):
    """Turns the project's errors into one sentence and an exit code; no trace reaches a user."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (NameRefusedError, OperationError, SetupError) as error:
            if isinstance(error, UnhealthyError):
                for container, lines in error.logs.items():
                    err.rule(f"last lines of {container}", align="left")
                    err.print(escape(lines) or "(no output)", highlight=False)
            err.print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
            code = EXIT_BAD_INPUT if isinstance(error, NameRefusedError) else getattr(error, "exit_code", 1)
            raise typer.Exit(code) from error
        except KeyboardInterrupt:
            err.print("Interrupted. Run the same command again, or destroy, to leave nothing half-made.")
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if type(error).__module__.startswith(("click", "typer")):
                raise
            raise typer.Exit(_unexpected(error)) from error


def _unexpected(error: Exception) -> int:
    log = Paths.default().logs / f"error-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    err.print(
        f"[bold red]Error:[/] {type(error).__name__} where none was expected: this is a fault of the project, so "
        f"report it with {log}.",
        soft_wrap=True,
    )
    return EXIT_UNEXPECTED


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Preview environments: every branch its own Pulumi stack, every step a Pulumi operation you could type.",
)


def phases() -> ModuleType:
    """The module of the longer commands."""
    from stacks import phases as module

    return module


def engine() -> Engine:
    """The engine, with the environment that set-up prepared."""
    found: Engine = phases().engine(Paths.default())
    return found


Base = Annotated[str, typer.Option(envvar="PREVIEW_BASE", help="Base stack that previews run on.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Branch = Annotated[str, typer.Argument(help="Branch name.")]


@app.command()
def setup() -> None:
    """Find, download or build what is needed; again: nothing to do."""
    phases().set_up(Paths.default(), err)


@app.command()
def demo(
    branch: Annotated[str | None, typer.Option(help="Branch to show; the checkout's current one by default.")] = None,
) -> None:
    """Set-up, local base, a preview of the current branch, and where to look at it."""
    typer.echo(phases().demo(Paths.default(), branch, err))


@app.command()
def env() -> None:
    """Print export lines, so that plain pulumi works on the same stacks: eval "$(./preview env)"."""
    values = environment(Paths.default())
    added = values.pop("PATH").removesuffix(os.environ.get("PATH", "")).rstrip(os.pathsep)
    for name, value in sorted(values.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")
    if added:
        typer.echo(f'export PATH={shlex.quote(added)}:"$PATH"')


@app.command()
def slug(branch: Branch) -> None:
    """Print the slug of a branch."""
    typer.echo(slug_of(branch))


@app.command()
def deploy(
    branch: Branch,
    base: Base = "local",
    commit: Annotated[str, typer.Option(help="Commit that is deployed; recorded.")] = "",
    config_dir: Annotated[
        Path | None, typer.Option(help="Monitoring configuration of the branch, of the layout of config/.")
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="SERVICE=REFERENCE, another image for a service.")] = None,
    dotenv: Annotated[Path | None, typer.Option(help="File that gets PREVIEW_URL and PREVIEW_SLUG for CI.")] = None,
) -> None:
    """Create the preview of a branch, or update it."""
    from stacks.operations.deploy import DeployRequest

    request = DeployRequest(
        branch=branch, base=base, commit=commit, config_directory=config_dir, images=_images(image or [])
    )
    started = time.monotonic()
    deployed = phases().deploy_with_progress(engine(), request, err)
    if dotenv:
        dotenv.write_text(f"PREVIEW_URL={deployed.url}\nPREVIEW_SLUG={deployed.slug}\n", encoding="utf-8")
    verb = "created" if deployed.created else ("updated" if deployed.changes.changed else "unchanged")
    err.print(
        f"Preview of {escape(branch)} {verb} in {time.monotonic() - started:.1f} s; log in as admin with the "
        f"password that ./preview credentials {shlex.quote(branch)} shows.",
        highlight=False,
        soft_wrap=True,
    )
    typer.echo(deployed.url)


def _images(pairs: list[str]) -> dict[str, str]:
    images: dict[str, str] = {}
    for pair in pairs:
        service, equals, reference = pair.partition("=")
        if not (service and equals and reference):
            raise BadInputError(
                f"--image takes SERVICE=REFERENCE, not {pair!r}: for example grafana=grafana/grafana:12.0.2."
            )
        images[service] = reference
    return images


@app.command()
def destroy(
    branch: Branch,
    base: Base = "local",
    forget: Annotated[
        bool, typer.Option("--forget", help="The machine is lost: delete the DNS record, drop the rest from the state.")
    ] = False,
) -> None:
    """Destroy the preview of a branch; nothing there is success too."""
    del base  # The state knows where everything is; the option is there so that every command takes it.
    changes = phases().destroy_with_progress(engine(), branch, err, forget=forget)
    if changes is None:
        err.print(f"There is no preview of {escape(branch)}: nothing to destroy.", highlight=False)
    else:
        err.print(f"Preview of {escape(branch)} destroyed in {changes.seconds:.1f} s.", highlight=False)


@app.command(name="list")
def list_previews(base: Base = "local", as_json: Json = False) -> None:
    """Show the previews: branch, commit, address, age, expiry, state, health."""
    from stacks.operations.listing import previews
    from stacks.render import preview_table

    del base
    now = dt.datetime.now(dt.UTC)
    found = previews(engine(), now)
    if as_json:
        typer.echo(json.dumps([preview.as_dict() for preview in found], indent=2))
    elif found:
        out.print(preview_table(found, now))
    else:
        err.print("There is no preview. ./preview deploy BRANCH makes one.", highlight=False)


@app.command()
def credentials(branch: Branch, base: Base = "local", as_json: Json = False) -> None:
    """Show who may log in where, with passwords."""
    from stacks.operations.listing import credentials as read_credentials
    from stacks.render import credentials_table

    del base
    found = read_credentials(engine(), branch)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        out.print(credentials_table(found))


def main() -> None:
    """Entry point."""
    os.environ.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    app(prog_name="preview")


if __name__ == "__main__":
    main()
