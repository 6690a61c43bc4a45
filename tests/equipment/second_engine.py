"""A Docker engine of a test's own, in a network namespace of its own, so that a test may stop and start it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from tenacity import retry, stop_after_delay, wait_fixed

from stacks.paths import Paths
from toolchain.docker_packages import IMAGE_STORE, directory
from toolchain.recipes import RECIPES

_STOP_SECONDS = 60


@dataclass
class SecondEngine:
    """An engine beside the machine's own.

    Attributes:
        root: Where its data (in ``data``) and its log are.
        name: Name of its network namespace.
        address: As ``DOCKER_HOST`` takes it.
        programs: Directory of ``dockerd`` where not the one on PATH; by default what set-up has built, where it has.
        options: How it keeps images; by default as a machine of previews does.
    """

    root: Path
    name: str
    address: str
    programs: Path = field(default_factory=lambda: directory(Paths.default()))
    options: Sequence[str] = IMAGE_STORE
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def client(self) -> Any:
        """A new client."""
        return docker.DockerClient(base_url=self.address, timeout=60)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        run = Path("/run") / self.name
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    # Not `ip netns exec`, which hides the control groups.
                    "nsenter", f"--net=/run/netns/{self.name}",
                    "dockerd", "--host", self.address, "--data-root", str(self.root / "data"),
                    "--exec-root", str(run), "--pidfile", f"{run}.pid", "--log-level", "warn",
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"},
            )  # fmt: skip
        self._wait()

    @retry(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
    def _wait(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, (self.root / "log").read_text(errors="replace")[-2000:]
        self.client.ping()

    def stop(self) -> None:
        """Stop it in good order, as an upgrade of its package does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(_STOP_SECONDS)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def load_images(self) -> None:
        """Bring over from the machine's own engine what a preview and its base are made of."""
        with (
            subprocess.Popen(["docker", "save", *RECIPES], stdout=subprocess.PIPE) as save,
            subprocess.Popen(
                ["docker", "--host", self.address, "load", "--quiet"], stdin=save.stdout, stdout=subprocess.DEVNULL
            ) as load,
        ):
            assert load.wait() == 0
            assert save.wait() == 0


@contextmanager
def running_second_engine(root: Path, name: str, programs: Path | None = None) -> Iterator[SecondEngine]:
    """A second engine, gone afterwards with all that it holds.

    Args:
        root: Directory of the test.
        name: Name of the network namespace; short, since it is part of a socket's path.
        programs: Directory of ``dockerd`` where not the one that set-up brought.
    """
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        engine = SecondEngine(root, name, f"unix:///run/{name}.sock")
        if programs:
            engine.programs = programs
        engine.start()
        try:
            yield engine
        finally:
            for container in engine.client.containers.list(all=True, ignore_removed=True):
                container.remove(force=True, v=True)
            engine.stop()
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
        shutil.rmtree(Path("/run") / name, ignore_errors=True)
        shutil.rmtree(root / "data", ignore_errors=True)
