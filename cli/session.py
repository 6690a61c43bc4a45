"""The engine as a command uses it: with what set-up has prepared, and progress on standard error."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.app import WAIT_SECONDS, err, interrupts
from cli.audience import audience, who
from cli.progress import Progressing
from cli.result import note
from operations.engine.events import Reporting, no_steps
from operations.engine.interrupts import Interrupts
from operations.engine.stack_locks import LONGEST_HOURS
from operations.engine.workspace import Engine
from operations.errors import BadInputError
from stacks.names import PreviewName
from stacks.paths import Paths
from toolchain.engine import STAMP as ENGINE_STAMP
from toolchain.environment import apply, prepare_state, stamps
from toolchain.report import SetupError

LONGEST_VARIABLE = "PREVIEW_LONGEST_HOURS"
"""Hours after which a lock of the engine is left over."""

_FALLBACK_BRANCH = "demo"
_MOST_HOURS = 24 * 7


def open_engine(on_note: Callable[[str], None] = note, *, wait_seconds: float = WAIT_SECONDS) -> Engine:
    """The engine, with the environment that set-up prepared.

    Args:
        on_note: Told in words of what is waited for or put right.
        wait_seconds: How long to wait for another operation that holds a stack.

    Raises:
        SetupError: Nothing has been prepared, or it is not there any more.
    """
    paths = Paths.default()
    prepared = stamps(paths).get(ENGINE_STAMP)
    if prepared is None:
        raise SetupError("The Pulumi engine has not been set up: run ./preview setup first.")
    # Another one on PATH would be taken in its place, of whatever version.
    if not Path(prepared.path).is_file():
        raise SetupError(f"The Pulumi engine is not at {prepared.path} any more: run ./preview setup.")
    prepare_state(paths)
    apply(paths)
    engine = Engine(paths, prepared.version, on_note, wait_seconds=wait_seconds, longest=_longest())
    interrupts.follow(engine.process, on_note)
    return engine


def _longest() -> dt.timedelta:
    """How long an operation lasts at most.

    Raises:
        BadInputError: The variable is no number of hours.
    """
    text = os.environ.get(LONGEST_VARIABLE, "")
    try:
        hours = float(text or LONGEST_HOURS)
    except ValueError:
        hours = 0
    if not 0 < hours <= _MOST_HOURS:
        raise BadInputError(f"{LONGEST_VARIABLE} must be a number of hours, such as 2, and not {text!r}.")
    return dt.timedelta(hours=hours)


@dataclass(frozen=True, kw_only=True)
class Session:
    """An operation on a branch's preview that is under way.

    Attributes:
        engine: The engine.
        told: Who is told how it goes.
        interrupts: Signals that ask it to stop.
    """

    engine: Engine
    told: Reporting
    interrupts: Interrupts


@contextmanager
def working(title: str, name: PreviewName, wait_seconds: float) -> Iterator[Session]:
    """Show how an operation goes while the block runs.

    Args:
        title: What is done.
        name: The preview.
        wait_seconds: How long to wait for another operation that holds the preview.
    """
    with Progressing(err, f"{title} {name.branch}", f"{name.slug}-").running() as shown:
        engine = open_engine(shown.note, wait_seconds=wait_seconds)
        told = Reporting(step=shown.step, note=shown.note, happened=audience(shown.note), by=who())
        yield Session(engine=engine, told=told, interrupts=interrupts)


def quietly() -> Reporting:
    """Who is told of an operation without steps: whoever wants to know what has become of the preview."""
    return Reporting(step=no_steps, note=note, happened=audience(note), by=who())


def current_branch(checkout: Path) -> str:
    """Branch that is checked out; ``demo`` where none is, as in a CI job or an archive."""
    return _git(checkout, "symbolic-ref", "--short", "-q", "HEAD") or _FALLBACK_BRANCH


def current_commit(checkout: Path) -> str:
    """Short name of the commit that is checked out; empty where there is none."""
    return _git(checkout, "rev-parse", "--short=12", "HEAD")


def _git(checkout: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(checkout), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        ).stdout.strip()
    except FileNotFoundError:
        return ""
