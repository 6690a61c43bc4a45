"""The steps of set-up, in their order."""

from __future__ import annotations

import time
from collections.abc import Sequence

from stacks.setup import docker_engine, engine, plugins
from stacks.setup.context import Context
from stacks.setup.environment import prepare_state, stamps
from stacks.setup.images import ensure as ensure_images
from stacks.setup.paths import Paths
from stacks.setup.recipes import RECIPES
from stacks.setup.report import Reporter, SetupError, SetupResult
from stacks.setup.stamps import exclusive
from stacks.setup.versions import PLUGINS


def run_setup(
    paths: Paths, report: Reporter, images: Sequence[str] | None = None, *, docker: bool = True
) -> SetupResult:
    """Make sure that engine, plugins, Docker and images are there.

    What is there already is found in about a second; what an interrupted run had finished is not done again.

    Args:
        paths: Where things live.
        report: Is told about every artefact.
        images: References of images; default those of a preview and of its base.
        docker: Whether containers run on this machine; else neither Docker nor images are looked at.

    Raises:
        SetupError: Something cannot be had in any way.
    """
    started = time.monotonic()
    try:
        with exclusive(paths.cache / "setup.lock", lambda: _say_waiting(report)):
            prepare_state(paths)
            context = Context(paths=paths, report=report, stamps=stamps(paths))
            rows = [
                *engine.ensure(context),
                *plugins.ensure(context),
            ]
            if docker:
                rows.append(docker_engine.ensure(context))
                rows.extend(ensure_images(context, list(RECIPES) if images is None else images))
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


def is_ready(paths: Paths) -> bool:
    """Whether a set-up has once finished engine and plugins; a cheap look that starts no program."""
    found = stamps(paths).get(engine.STAMP)
    if found is None or not found.path or not plugins_there(paths):
        return False
    return (paths.bin_dir / "pulumi").exists() if found.how != "found" else True


def plugins_there(paths: Paths) -> bool:
    """Whether every plugin is installed."""
    return all(plugins.binary(paths, plugin).exists() for plugin in PLUGINS)
