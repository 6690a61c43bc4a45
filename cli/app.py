"""What all commands share: where they print, options that several have, and how an error ends."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import traceback
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from operations.engine.interrupts import Interrupts
from operations.errors import InterruptedOperationError, OperationError, UnhealthyError
from stacks.names import NameRefusedError
from stacks.paths import Paths
from toolchain.report import SetupError

# Modules that pull in the engine's client are imported by the commands that need them: `slug` answers at once.

EXIT_UNEXPECTED = 1
EXIT_BAD_INPUT = 2
_SIGNALLED = 128
WAIT_SECONDS = 60.0


class _Console(Console):
    """Falls silent where nobody reads any more, as behind ``head``: what has begun goes on to its end.

    The vendor's would end the thread that prints; the engine then waits for ever for somebody to read its output.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


# Where nobody looks at a terminal, lines are as long as tables need.
_WIDTH_OF_FILES = 200
out = _Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
err = _Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH_OF_FILES)
interrupts = Interrupts()
"""Signals that ask the command to stop; every command watches for them."""


class _Commands(TyperGroup):
    """Turns the project's errors into one sentence and an exit code; no trace reaches a user."""

    def invoke(self, ctx: Any) -> Any:
        with interrupts.watched():
            return self._invoke(ctx)

    def _invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (NameRefusedError, OperationError, SetupError, InterruptedOperationError) as error:
            if isinstance(error, UnhealthyError):
                for container, lines in error.logs.items():
                    err.rule(f"last lines of {container}", align="left")
                    err.print(escape(lines) or "(no output)", highlight=False)
            err.print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(_exit_code(error)) from error
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            # Help that is cut by ``head``: nobody reads what else there would be to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_SIGNALLED + signal.SIGPIPE) from None
        except Exception as error:
            if type(error).__module__.startswith(("click", "typer")):
                raise
            raise typer.Exit(_unexpected(error)) from error


def _exit_code(error: BaseException) -> int:
    if isinstance(error, NameRefusedError):
        return EXIT_BAD_INPUT
    if isinstance(error, InterruptedOperationError):
        return _SIGNALLED + error.signal_number
    return int(getattr(error, "exit_code", EXIT_UNEXPECTED))


def _unexpected(error: Exception) -> int:
    try:
        log = Paths.default().logs / f"error-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        said = f"report it with {log}."
    except (OSError, RuntimeError) as unwritten:
        # A disk that is full, a home that cannot be written to, or none: the error itself shall not be lost with them.
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"report it with this line ({place.filename}:{place.lineno}; no log could be written: {unwritten})."
    err.print(
        f"[bold red]Error:[/] {type(error).__name__} where none was expected: this is a fault of the project, so "
        f"{escape(said)}",
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


# Under which heading a command is listed.
MAKE, LOOK, MACHINE, AUTOMATION = "Make and remove", "Look", "This machine", "For schedules and pipelines"

Base = Annotated[str, typer.Option(envvar="PREVIEW_BASE", help="Base stack that previews run on.")]
OnlyBase = Annotated[str, typer.Option("--base", envvar="PREVIEW_BASE", help="Only previews of this base stack.")]


class Start(StrEnum):
    """What starts previews in GitLab."""

    MANUAL = "manual"
    LABEL = "label"
    ALL = "all"


Auto = Annotated[
    Start, typer.Option(envvar="PREVIEW_AUTO", help="What starts previews in GitLab; with label, its loss ends one.")
]
Wait = Annotated[
    float, typer.Option("--wait", min=0, help="Seconds to wait for another operation that holds the preview.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Branch = Annotated[str, typer.Argument(help="Branch name.")]
