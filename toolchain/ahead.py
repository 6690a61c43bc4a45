"""Does ahead, in the time that set-up's other steps leave idle, what set-up builds later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from stacks.paths import Paths
from toolchain import engine, golang, plugins, recipes
from toolchain.context import go_module
from toolchain.process import kill
from toolchain.report import SetupError
from toolchain.versions import PLUGINS

_ENGINE_TOO = "--engine-too"
_END_SECONDS = 10.0


class Ahead:
    """A program beside set-up that fetches modules and compiles programs, from the first build on.

    A program's build takes the processors, an image's mostly waits for the network and for disks. What is not done in
    time is done by the step itself, which also tells what is wrong with it.

    Args:
        paths: Where things live.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def begin(self, go: Path, *, engine_too: bool) -> None:
        """Begin, unless that has been done.

        Args:
            go: The toolchain.
            engine_too: Whether Pulumi's engine and plugins will have to be built, besides images.
        """
        if self._process:
            return
        places = (self._paths.checkout, self._paths.cache, self._paths.data)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toolchain.ahead", go, *places, *([_ENGINE_TOO] if engine_too else [])],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                # An exception that a signal raises can be lost, as in a destructor. What it runs ends by itself then.
                kill(self._process)
                self._process.wait()


def main(go: Path, paths: Paths, *, engine_too: bool) -> None:
    """Fetch, then compile at the lowest priority; what set-up comes to last is compiled first."""
    log = paths.logs / "ahead.log"
    log.unlink(missing_ok=True)
    programs = [found for recipe in reversed(recipes.RECIPES.values()) if (found := recipes.program(paths, recipe))]
    # What is patched is fetched when it is compiled: before that it asks for much that is then left out.
    modules = [program.module for program in programs if not program.patches]
    if engine_too:
        missing = [plugin for plugin in PLUGINS if not plugins.binary(paths, plugin).exists()]
        programs = [*(plugins.program(paths, plugin) for plugin in missing), engine.program(paths), *programs]
        modules.insert(0, go_module(paths))
    for module in (paths.checkout / "offline" / "docker", *modules):
        with suppress(SetupError):
            golang.fetch(go, module, log)
    os.nice(19)
    for program in programs:
        if not program.output.exists():
            with suppress(SetupError):
                golang.compile_packages(go, program, log)


if __name__ == "__main__":
    # Raised as an exception, so that what is running is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _go, _checkout, _cache, _data = map(Path, sys.argv[1:5])
    main(_go, Paths(checkout=_checkout, cache=_cache, data=_data), engine_too=_ENGINE_TOO in sys.argv[5:])
