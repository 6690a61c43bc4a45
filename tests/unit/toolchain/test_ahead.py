"""What is fetched and compiled beside the first build."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.equipment.programs import wait_for
from tests.unit.toolchain.conftest import Machine, Recorder, write_program
from toolchain import golang
from toolchain.ahead import Ahead
from toolchain.report import SetupError
from toolchain.run import run_setup


def add_modules(machine: Machine) -> list[Path]:
    folders = [machine.paths.checkout / "offline" / name for name in ("docker", "go", "images/grafana")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "go.mod").touch()
    return folders


@pytest.mark.parametrize("engine_too", [True, False])
def test_an_engine_that_can_be_downloaded_is_not_compiled_ahead(machine: Machine, *, engine_too: bool) -> None:
    machine.install_go()
    add_modules(machine)
    with Ahead(machine.paths) as ahead:
        ahead.begin(machine.bin / "go", engine_too=engine_too)
        # Images come last.
        wait_for("all is compiled", lambda: any(call.endswith(" .") for call in machine.calls("go-calls")))
    assert any("/cmd/pulumi" in call for call in machine.calls("go-calls")) is engine_too


def machine_program(machine: Machine, module: Path) -> golang.Program:
    return golang.Program(name="image-grafana", module=module, package=".", output=machine.root / "built")


def option(call: str, name: str) -> list[str]:
    """Whatever a call says of an option, which must be something."""
    found = [word for word in call.split() if word.startswith(name)]
    assert found, f"no {name} in {call}"
    return found


def fetched(machine: Machine) -> list[str]:
    return [call for call in machine.calls("go-calls") if call.endswith(" mod download")]


def test_modules_of_all_that_is_built_are_fetched_once_from_the_first_build_on(machine: Machine) -> None:
    machine.install_go()
    folders = add_modules(machine)
    with Ahead(machine.paths) as ahead:
        for _ in range(2):
            ahead.begin(machine.bin / "go", engine_too=True)
        wait_for("all are fetched", lambda: len(fetched(machine)) == len(folders))
    assert fetched(machine) == [f"-C {folder} mod download" for folder in folders]


def test_what_an_image_needs_is_compiled_after_that_as_its_build_will(machine: Machine) -> None:
    machine.install_go()
    module = add_modules(machine)[-1]
    with Ahead(machine.paths) as ahead:
        ahead.begin(machine.bin / "go", engine_too=True)
        wait_for("it is compiled", lambda: any(" -export " in call for call in machine.calls("go-calls")))
    compiled = machine.calls("go-calls")[-1]
    golang.build(machine.context(), machine_program(machine, module), lambda *_: None)
    built = machine.calls("go-calls")[-1]
    for flag in ("-trimpath", "-gcflags"):
        assert option(compiled, flag) == option(built, flag)


def test_a_program_is_compiled_once_at_a_time(machine: Machine) -> None:
    module = add_modules(machine)[-1]
    program, log = machine_program(machine, module), machine.context().log("ahead")
    go = write_program(
        machine.bin / "go",
        f"#!/bin/sh\ncase $* in *-export*) touch {machine.root}/begun; "
        f"for _ in $(seq 200); do [ -e {machine.root}/go-on ] || sleep 0.05; done; touch {machine.root}/compiled ;; "
        f"*' build '*) [ -e {machine.root}/compiled ] && touch {machine.root}/.built.partial ;; "
        "*GOVERSION*) echo go1.24.0 ;; esac\n",
    )
    with ThreadPoolExecutor(2) as pool:
        ahead = pool.submit(golang.compile_packages, go, program, log)
        wait_for("it is being compiled", (machine.root / "begun").exists)
        with pytest.raises(SetupError, match="is being built"):
            golang.compile_packages(go, program, log)
        waits = threading.Event()
        told = lambda _, said: waits.set() if said == "compiling" else None  # noqa: E731
        building = pool.submit(golang.build, machine.context(), program, told)
        assert waits.wait(20)
        (machine.root / "go-on").touch()
        ahead.result()
        building.result()
    assert program.output.exists()


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
    monkeypatch.setattr("toolchain.ahead.subprocess.Popen.terminate", lambda process: process.wait())
    monkeypatch.setattr("toolchain.context.answers", lambda _: False)
    run_setup(machine.paths, Recorder(), docker=False)
    assert len(fetched(machine)) == (len(folders) if builds else 0)


def test_what_is_still_being_fetched_at_the_end_of_set_up_ends_with_it(machine: Machine) -> None:
    add_modules(machine)
    go = write_program(machine.bin / "go", f"#!/bin/sh\ntouch {machine.root}/begun\nexec sleep 600\n")
    began = time.monotonic()
    with Ahead(machine.paths) as ahead:
        ahead.begin(go, engine_too=True)
        wait_for("it has begun", (machine.root / "begun").exists)
    assert time.monotonic() - began < 60
