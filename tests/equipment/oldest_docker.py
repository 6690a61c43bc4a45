"""Runs tests on the oldest Docker engine that is supported, in a network namespace of its own: ``make oldest-docker``.

The engine is built from ``offline/docker-oldest``; images come from the machine's own engine. pytest runs in the same
namespace, so that what the tests ask on loopback is what that engine published there.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from stacks.paths import Paths
from tests.equipment.second_engine import running_second_engine
from toolchain import golang
from toolchain.context import Context
from toolchain.environment import stamps
from toolchain.report import Row, SetupError

MODULE = "github.com/docker/docker"
VERSION = "26.1.5"


class _Quiet:
    """Says nothing: this is not a part of set-up that a user sees."""

    def start(self, name: str) -> None: ...
    def progress(self, name: str, fraction: float | None, text: str) -> None: ...
    def done(self, row: Row) -> None: ...


def build(paths: Paths) -> Path:
    """Build the engine where that has not been done; Go's own cache knows.

    Returns:
        Directory with ``dockerd`` and ``docker-proxy``.

    Raises:
        SetupError: It cannot be built.
    """
    context = Context(paths=paths, report=_Quiet(), stamps=stamps(paths))
    target = paths.cache / "docker-oldest" / "bin"
    for name in ("docker-proxy", "dockerd"):
        program = golang.Program(
            name=f"oldest-{name}",
            module=paths.checkout / "offline" / "docker-oldest",
            package=f"{MODULE}/cmd/{name}",
            output=target / name,
            settings=((f"{MODULE}/dockerversion.Version", VERSION),),
        )
        golang.build(context, program, lambda _fraction, _text: None)
    return target


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments on that engine.

    Returns:
        Exit code: pytest's, or 1 where the engine cannot be had.
    """
    print(f"Building Docker Engine {VERSION} where that has not been done (about 5 minutes)", file=sys.stderr)
    try:
        programs = build(Paths.default())
    except SetupError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    name = f"old{secrets.token_hex(2)}"
    with (
        tempfile.TemporaryDirectory() as root,
        running_second_engine(Path(root), name, programs) as engine,
    ):
        engine.load_images()
        print(f"Docker Engine {engine.client.version()['Version']} runs at {engine.address}", file=sys.stderr)
        return subprocess.run(
            ["nsenter", f"--net=/run/netns/{name}", sys.executable, "-m", "pytest", *arguments],
            env={**os.environ, "DOCKER_HOST": engine.address},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
