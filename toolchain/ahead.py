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
from toolchain.report import SetupError
from toolchain.versions import PLUGINS


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

    def begin(self, go: Path) -> None:
        """Begin, unless that has been done."""
        if self._process:
            return
        places = (self._paths.checkout, self._paths.cache, self._paths.data)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toolchain.ahead", go, *places],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()


def main(go: Path, paths: Paths) -> None:
    """Fetch, then compile with what the processors have left; what set-up comes to last is compiled first."""
    log = paths.logs / "ahead.log"
    images = [found for recipe in reversed(recipes.RECIPES.values()) if (found := recipes.program(paths, recipe))]
    # What is patched is fetched when it is compiled: before that it asks for much that is then left out.
    fetched = [program.module for program in images if not program.patches]
    for module in (paths.checkout / "offline" / "docker", go_module(paths), *fetched):
        with suppress(SetupError):
            golang.fetch(go, module, log)
    os.nice(19)
    missing = [plugin for plugin in PLUGINS if not plugins.binary(paths, plugin).exists()]
    for program in (*(plugins.program(paths, plugin) for plugin in missing), engine.program(paths), *images):
        if not program.output.exists():
            with suppress(SetupError):
                golang.compile_packages(go, program, log)


if __name__ == "__main__":
    # Raised as an exception, so that what is running is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _go, _checkout, _cache, _data = map(Path, sys.argv[1:])
    main(_go, Paths(checkout=_checkout, cache=_cache, data=_data))
