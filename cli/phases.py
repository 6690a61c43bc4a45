"""The longer commands, phase by phase, with progress on the given console.

Apart from :mod:`cli` because it pulls in the engine's client, which commands like ``slug`` need not wait for.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.progress import Progressing, SetupProgress
from cli.tables import setup_table
from operations import bases
from operations.engine.events import Reporting
from operations.engine.interrupts import Interrupts
from operations.engine.workspace import Changes, Engine
from operations.life.deploy import Deployed, deploy
from operations.life.destroy import destroy
from operations.life.request import DeployRequest
from stacks.names import slug_of
from stacks.paths import Paths
from toolchain.engine import STAMP as ENGINE_STAMP
from toolchain.environment import environment, prepare_state, stamps
from toolchain.report import SetupError, SetupResult
from toolchain.run import run_setup

FALLBACK_BRANCH = "demo"


def engine(paths: Paths, on_note: Callable[[str], None]) -> Engine:
    """The engine, with the environment that set-up prepared.

    Raises:
        SetupError: Nothing has been prepared.
    """
    prepared = stamps(paths).get(ENGINE_STAMP)
    if prepared is None:
        raise SetupError("The Pulumi engine has not been set up: run ./preview setup first.")
    prepare_state(paths)
    os.environ.update(environment(paths))
    return Engine(paths, prepared.version, on_note)


def deploy_with_progress(paths: Paths, request: DeployRequest, console: Console) -> Deployed | None:
    """Deploy, and show how it goes."""
    with _progress(console, f"Deploy {request.branch}", request.branch) as told:
        pulumi = engine(paths, told.note)
        interrupts = Interrupts(pulumi.process)
        with interrupts.watched():
            return deploy(pulumi, paths.checkout, request, interrupts, told)


def destroy_with_progress(
    paths: Paths, branch: str, base: str, console: Console, *, forget: bool = False
) -> Changes | None:
    """Destroy, and show how it goes."""
    with _progress(console, f"Destroy {branch}", branch) as told:
        pulumi = engine(paths, told.note)
        with Interrupts(pulumi.process).watched():
            return destroy(pulumi, branch, base, told, forget=forget)


@contextmanager
def _progress(console: Console, title: str, branch: str) -> Iterator[Reporting]:
    with Progressing(console, title, f"{slug_of(branch)}-").running() as shown:
        yield Reporting(step=shown.step, note=shown.note)


def current_branch(checkout: Path) -> str:
    """Branch that is checked out; ``demo`` where none is, as in a CI job or an archive."""
    return _git(checkout, "symbolic-ref", "--short", "-q", "HEAD") or FALLBACK_BRANCH


def _git(checkout: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=False
        ).stdout.strip()
    except FileNotFoundError:
        return ""


def set_up(paths: Paths, console: Console, base: str = bases.LOCAL) -> SetupResult:
    """Run set-up, and show each artefact as it comes; Docker and images only where previews run on this machine."""
    with SetupProgress(console) as shown:
        result = run_setup(paths, shown, docker=base == bases.LOCAL)
    console.print(setup_table(result))
    return result


def current_commit(checkout: Path) -> str:
    """Short name of the commit that is checked out; empty where there is none."""
    return _git(checkout, "rev-parse", "--short=12", "HEAD")
