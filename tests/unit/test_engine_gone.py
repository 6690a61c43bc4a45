"""An engine that set-up has made or found, and that somebody has removed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import session
from operations.engine.process import EngineProcess
from operations.errors import OperationError
from stacks.paths import Paths
from toolchain.engine import STAMP
from toolchain.environment import stamps
from toolchain.report import SetupError
from toolchain.stamps import Stamp


def test_a_command_says_that_the_engine_is_gone_and_how_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    program = tmp_path / "bin/pulumi"
    stamps(Paths.default()).put(STAMP, Stamp(key="k", how="downloaded", path=str(program), version="3.220.0"))
    with pytest.raises(SetupError) as told:
        session.open_engine()
    assert str(told.value) == f"The Pulumi engine is not at {program} any more: run ./preview setup."


def test_an_engine_that_goes_while_a_command_runs_is_one_sentence(tmp_path: Path) -> None:
    process = EngineProcess("3.220.0")
    process.command = str(tmp_path / "pulumi")
    with pytest.raises(OperationError) as told:
        process.run(["version"], str(tmp_path), {})
    assert str(told.value) == (
        f"The Pulumi engine cannot be started, as {tmp_path}/pulumi is not there any more: run ./preview setup."
    )
