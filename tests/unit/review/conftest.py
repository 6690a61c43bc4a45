"""A base whose page is written in a directory, by the script that writes it on a machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.host_scripts import FOLDER
from operations.machine.local import LocalMachine
from stacks.outputs import BaseOutputs
from tests.equipment.recording import LOCAL_OUTPUTS
from tests.unit.review.board import Board


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/docker"
    program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\ncat {tmp_path}/containers\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    shutil.copytree(FOLDER / "page", tmp_path / "page-files")
    outputs: Mapping[str, object] = {
        **LOCAL_OUTPUTS,
        "host_directory": str(tmp_path),
        "page_directory": f"{tmp_path}/page",
        "page_url": "https://previews.localhost:8443",
    }
    made = Board(tmp_path, LocalMachine(BaseOutputs.of("local", outputs)))
    made.docker()
    made.refresh(LIMIT="2")
    return made
