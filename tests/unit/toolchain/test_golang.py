"""What is fetched beside the first build."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.equipment.programs import wait_for
from tests.unit.toolchain.conftest import Machine, Recorder, write_program
from toolchain import golang
from toolchain.run import run_setup


def add_modules(machine: Machine) -> list[Path]:
    folders = [machine.paths.checkout / "offline" / name for name in ("docker", "go", "images/grafana")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "go.mod").touch()
    return folders


def fetched(machine: Machine) -> list[str]:
    return [call for call in machine.calls("go-calls") if call.endswith(" mod download")]


def test_modules_of_all_that_is_built_are_fetched_once_from_the_first_build_on(machine: Machine) -> None:
    machine.install_go()
    folders = add_modules(machine)
    with golang.Ahead(machine.paths.checkout) as ahead:
        for _ in range(2):
            ahead.begin(machine.bin / "go")
        wait_for("all are fetched", lambda: len(fetched(machine)) == len(folders))
    assert fetched(machine) == [f"-C {folder} mod download" for folder in folders]


@pytest.mark.parametrize("builds", [True, False])
def test_set_up_fetches_them_where_something_is_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, *, builds: bool
) -> None:
    machine.install_go()
    folders = add_modules(machine)
    if not builds:
        for name in ("pulumi", "pulumi-language-python"):
            machine.install(name, machine.engine_text("3.230.0"))
    monkeypatch.setattr("toolchain.run.plugins.ensure", lambda _: [])
    # Set-up ends what is still being fetched when all has been built.
    monkeypatch.setattr(golang, "kill", lambda process: process.wait())
    monkeypatch.setattr("toolchain.context.answers", lambda _: False)
    run_setup(machine.paths, Recorder(), docker=False)
    assert len(fetched(machine)) == (len(folders) if builds else 0)


def test_what_is_still_being_fetched_at_the_end_of_set_up_ends_with_it(machine: Machine) -> None:
    add_modules(machine)
    go = write_program(machine.bin / "go", f"#!/bin/sh\ntouch {machine.root}/begun\nexec sleep 600\n")
    began = time.monotonic()
    with golang.Ahead(machine.paths.checkout) as ahead:
        ahead.begin(go)
        wait_for("it has begun", (machine.root / "begun").exists)
    assert time.monotonic() - began < 60
