"""What the engine finds in its environment."""

from __future__ import annotations

import os

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import engine
from toolchain.environment import apply, environment, prepare_state


def test_an_engine_of_our_own_comes_first_on_path(machine: Machine) -> None:
    machine.install_go()
    engine.ensure(machine.context())
    values = environment(machine.paths)
    assert values["PATH"].split(":")[:2] == [str(machine.paths.bin_dir), str(machine.bin)]
    assert values["PULUMI_HOME"] == str(machine.paths.pulumi_home)


def test_an_engine_on_path_comes_before_one_of_our_own(machine: Machine) -> None:
    machine.install_go()
    engine.ensure(machine.context())
    machine.install("pulumi", machine.engine_text("3.230.0"))
    machine.install("pulumi-language-python", "#!/bin/sh\n")
    engine.ensure(machine.context())
    assert environment(machine.paths)["PATH"].split(":")[0] == str(machine.bin)


def test_the_local_base_keeps_its_state_in_the_data_directory(machine: Machine) -> None:
    values = environment(machine.paths)
    assert values["PULUMI_BACKEND_URL"] == f"file://{machine.paths.state_dir}"
    assert values["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(machine.paths.passphrase_file)


def test_a_backend_of_the_operator_stays_and_gets_no_passphrase_of_ours(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    values = environment(machine.paths)
    assert values["PULUMI_BACKEND_URL"] == "s3://states"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in values


@pytest.mark.parametrize("value", ["", "x"])
def test_the_local_base_s_passphrase_and_engine_are_its_own_whatever_the_caller_has_set(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PULUMI_CONFIG_PASSPHRASE": value, "DOCKER_CONTEXT": "other"})
    apply(machine.paths)
    assert "PULUMI_CONFIG_PASSPHRASE" not in os.environ
    assert "DOCKER_CONTEXT" not in os.environ
    assert os.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(machine.paths.passphrase_file)


def test_the_passphrase_of_an_operator_s_backend_stays_and_docker_s_context_does_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"PULUMI_BACKEND_URL": "s3://states", "PULUMI_CONFIG_PASSPHRASE": "x", "DOCKER_CONTEXT": "other"}
    monkeypatch.setattr(os, "environ", {**os.environ, **given})
    apply(machine.paths)
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == "x"
    assert "DOCKER_CONTEXT" not in os.environ


def test_the_environment_can_be_applied_twice(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_go()
    engine.ensure(machine.context())
    first = environment(machine.paths)
    for name, value in first.items():
        monkeypatch.setenv(name, value)
    assert environment(machine.paths) == first


def test_the_passphrase_is_made_once_and_nobody_else_may_read_it(machine: Machine) -> None:
    prepare_state(machine.paths)
    made = machine.paths.passphrase_file.read_text()
    prepare_state(machine.paths)
    assert machine.paths.passphrase_file.read_text() == made
    assert len(made) >= 32
    assert machine.paths.passphrase_file.stat().st_mode & 0o777 == 0o600
