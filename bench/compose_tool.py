"""Finds Docker Compose v2, or builds it from its Go module."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from cli.progress import SetupProgress
from stacks.paths import Paths
from toolchain import golang
from toolchain.context import Context, Step
from toolchain.environment import stamps
from toolchain.process import output_of
from toolchain.stamps import Stamp, fingerprint

VERSION = "2.35.1"
"""What is built where there is none."""

_PACKAGE = "github.com/docker/compose/v2/cmd"
_VERSION_VARIABLE = "github.com/docker/compose/v2/internal.Version"
_MODULE = Path(__file__).parent / "compose"
_STAMP = "docker-compose"
_LEAST = 2


def ensure(console: Console) -> list[str]:
    """Start of a command line that runs Compose: the engine's plug-in, or a program in the project's cache.

    Args:
        console: Shows how a build goes.

    Raises:
        SetupError: There is none, and it cannot be built.
    """
    paths = Paths.default()
    paths.logs.mkdir(parents=True, exist_ok=True)
    with SetupProgress(console) as progress:
        return _ensured(Context(paths=paths, report=progress, stamps=stamps(paths)))


def _ensured(context: Context) -> list[str]:
    plugin = ["docker", "compose"]
    if _major(version_of(plugin)) >= _LEAST:
        return plugin
    step = Step(context, "Docker Compose")
    program = context.paths.bin_dir / "docker-compose"
    key = fingerprint(VERSION, _MODULE / "go.mod", _MODULE / "go.sum")
    stamp = context.stamps.get(_STAMP)
    if stamp is None or stamp.key != key or not program.exists():
        golang.build(
            context,
            golang.Program(
                name="docker-compose",
                module=_MODULE,
                package=_PACKAGE,
                output=program,
                settings=((_VERSION_VARIABLE, f"v{VERSION}"),),
            ),
            step.progress,
        )
        context.stamps.put(_STAMP, Stamp(key=key, how="built from source", path=str(program), version=VERSION))
    step.row(version=VERSION, how="built from source", detail=str(program))
    return [str(program)]


def version_of(compose: list[str]) -> str:
    """What Compose says of itself, without the ``v``; empty if it cannot be run."""
    return output_of([*compose, "version", "--short"]).removeprefix("v")


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0
