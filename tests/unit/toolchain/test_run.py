"""Which steps set-up takes."""

from __future__ import annotations

import pytest

from tests.unit.toolchain.conftest import Machine, Recorder
from toolchain.report import Row
from toolchain.run import run_setup


@pytest.mark.parametrize(("docker", "before"), [(True, ["Docker", "images"]), (False, [])])
def test_a_machine_that_runs_no_containers_needs_neither_docker_nor_images(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, docker: bool, before: list[str]
) -> None:
    def row(name: str) -> Row:
        return Row(name=name, version="1", how="found", detail="", seconds=0)

    monkeypatch.setattr("toolchain.run.engine.ensure", lambda _: [row("engine")])
    monkeypatch.setattr("toolchain.run.plugins.ensure", lambda _: [row("plugins")])
    monkeypatch.setattr("toolchain.run.docker_engine.ensure", lambda _: [row("Docker")])
    monkeypatch.setattr("toolchain.run.ensure_images", lambda *_: [row("images")])
    result = run_setup(machine.paths, Recorder(), docker=docker)
    assert [found.name for found in result.rows] == [*before, "engine", "plugins"]
