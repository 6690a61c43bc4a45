"""The steps of set-up, in their order."""

from __future__ import annotations

import time

from stacks.paths import Paths
from toolchain import docker as docker_engine
from toolchain import engine, plugins
from toolchain.ahead import Ahead
from toolchain.context import VENDOR, Context
from toolchain.environment import prepare_state, stamps
from toolchain.images import ensure as ensure_images
from toolchain.recipes import RECIPES
from toolchain.report import Reporter, SetupError, SetupResult
from toolchain.stamps import exclusive


def run_setup(paths: Paths, report: Reporter, *, docker: bool = True) -> SetupResult:
    """Make sure that Docker, images, engine and plugins are there.

    What is there already is found in about a second; what an interrupted run had finished is not done again.

    Args:
        paths: Where things live.
        report: Is told about every artefact.
        docker: Whether containers run on this machine; else neither Docker nor images are looked at.

    Raises:
        SetupError: Something cannot be had in any way.
    """
    started = time.monotonic()
    try:
        with exclusive(paths.cache / "setup.lock", lambda: _say_waiting(report)), Ahead(paths) as ahead:
            prepare_state(paths)
            context = Context(paths=paths, report=report, stamps=stamps(paths))
            context.on_build = lambda go: ahead.begin(go, engine_too=not context.reachable(VENDOR))
            rows = []
            if docker:
                # First: what waits for the network and for disks leaves processors to what is compiled ahead.
                rows += docker_engine.ensure(context)
                rows += ensure_images(context, list(RECIPES))
            rows += [*engine.ensure(context), *plugins.ensure(context)]
    except OSError as exc:
        where = f" {exc.filename}" if exc.filename else ""
        raise SetupError(
            f"Set-up could not read or write{where} ({exc.strerror or exc}): check space and permissions, "
            "then run this again."
        ) from exc
    return SetupResult(rows=tuple(rows), seconds=time.monotonic() - started)


def _say_waiting(report: Reporter) -> None:
    name = "Another set-up"
    report.start(name)
    report.progress(name, None, "is running; waiting for it to end")
