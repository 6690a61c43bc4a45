"""The root file system that the base image is imported from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain import debian
from toolchain.context import Context, Step
from toolchain.process import run_logged
from toolchain.report import SetupError


@contextmanager
def root_file_system(context: Context, step: Step) -> Iterator[Path]:
    """An archive with a small Debian system, for as long as the block runs.

    Raises:
        SetupError: debootstrap is missing or failed.
    """
    log = context.log("image-debian")
    log.unlink(missing_ok=True)
    if shutil.which("debootstrap") is None:
        if not debian.may_install():
            raise SetupError(
                f"{step.name} cannot be pulled, and building it needs debootstrap, which is not installed: install it, "
                "or make the registry reachable, and run this again."
            )
        debian.install(context, step, ["debootstrap"], what="Installing debootstrap", log="image-debian")
    archive = context.paths.cache / "build" / "debian.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    script = context.paths.checkout / "offline" / "images" / "debian" / "rootfs.sh"
    try:
        run_logged(
            [script, archive],
            what="Building the base image",
            log=log,
            deadline=1200,
            on_line=lambda line: step.progress(None, f"base image: {line.removeprefix('I: ')[:60]}"),
        )
        yield archive
    finally:
        archive.unlink(missing_ok=True)
