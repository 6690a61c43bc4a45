"""pgwatch starts when both databases answer, since it does not wait for them itself."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.services import PGWATCH

PROGRAM = "/pgwatch/pgwatch"
DATABASES = ("sink-postgres", "target-db")


class Container:
    """Its first process, in a network of the hosts that there are files for.

    Of others nc says nothing for long, as with a resolver that asks again and again.
    """

    def __init__(self, root: Path, *, busybox: bool = True) -> None:
        self.root = root
        self.asked = root / "asked"
        (root / "sleep").symlink_to(shutil.which("sleep") or "")
        if busybox:
            self._give_busybox()
        self._program("pgwatch", 'printf "%s\\n" "$@"')
        shell, option, text, name = PGWATCH.entrypoint
        assert PROGRAM in text
        self.process = subprocess.Popen(
            [shell, option, text.replace(PROGRAM, f"{root}/pgwatch"), name, *PGWATCH.command],
            env={"PATH": str(root)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def _give_busybox(self) -> None:
        root = self.root
        self._program("nslookup", f'echo "$*" >>{self.asked}; [ -e "{root}/$1" ]')
        self._program("nc", f'[ -e "{root}/$3" ] || exec sleep 60; echo "$*" >>{self.asked}; [ -e "{root}/$3.open" ]')

    def _program(self, name: str, script: str) -> None:
        (self.root / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (self.root / name).chmod(0o755)

    def wait_for_a_question(self, question: str) -> None:
        """Until it has asked once more for a host's name, or its port."""
        self.asked.write_text("", encoding="utf-8")
        deadline = time.monotonic() + 30
        while question not in self.asked.read_text(encoding="utf-8"):
            assert self.process.poll() is None
            assert time.monotonic() < deadline


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    made = Container(tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


def test_it_starts_with_its_arguments_once_both_databases_answer(container: Container) -> None:
    for host in DATABASES:
        (container.root / host).touch()
    for host in DATABASES:
        container.wait_for_a_question(f"{host} 5432")
        (container.root / f"{host}.open").touch()
    said, _ = container.process.communicate(timeout=30)
    assert said.splitlines() == list(PGWATCH.command)
    assert container.process.returncode == 0


def test_whoever_stops_it_while_it_waits_does_not_wait(container: Container) -> None:
    for host in DATABASES:
        (container.root / host).touch()
    container.wait_for_a_question(f"{DATABASES[0]} 5432")
    container.process.send_signal(signal.SIGTERM)
    container.process.communicate(timeout=30)
    assert container.process.returncode == 143


def test_a_name_that_is_not_known_yet_holds_nothing_up(container: Container) -> None:
    container.wait_for_a_question(DATABASES[0])
    for host in DATABASES:
        (container.root / host).touch()
        (container.root / f"{host}.open").touch()
    container.process.communicate(timeout=30)
    assert container.process.returncode == 0


def test_an_image_without_these_programs_starts_at_once(tmp_path: Path) -> None:
    container = Container(tmp_path, busybox=False)
    said, _ = container.process.communicate(timeout=30)
    assert said.splitlines() == list(PGWATCH.command)
