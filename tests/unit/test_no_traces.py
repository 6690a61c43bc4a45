"""What goes wrong before a command has begun, or where nobody thought it could, is a sentence and no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import setup
from cli.__main__ import app

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.usefixtures("heard")
def test_ctrl_c_while_modules_load_ends_the_command_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "slug", "x"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_an_error_that_nobody_expected_is_said_where_its_log_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(branch: str) -> None:
        raise KeyError(branch)

    monkeypatch.setattr(setup, "PreviewName", fail)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    done = CliRunner().invoke(app, ["slug", "secret"])
    assert done.exit_code == 1
    assert "KeyError where none was expected" in done.stderr
    assert f"({__file__}:" in done.stderr
    assert "no log could be written" in done.stderr
    assert "Traceback" not in done.output
