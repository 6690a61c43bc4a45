"""Files that a command was told to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app


@pytest.mark.parametrize("command", ["deploy", "update"])
@pytest.mark.parametrize("place", ["folder", "a-file/x"])
def test_a_file_that_cannot_be_written_is_bad_input_before_anything_starts(
    command: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is set up there: what starts says so.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "a-file").touch()
    done = CliRunner().invoke(app, [command, "--dotenv", str(tmp_path / place), "x"])
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert str(tmp_path / place.removesuffix("/x")) in done.stderr
    assert "name " in done.stderr


def test_the_directory_of_a_file_is_made_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = CliRunner().invoke(app, ["deploy", "--dotenv", str(tmp_path / "made" / "for" / "it"), "x"])
    assert "has not been set up" in done.stderr
    assert (tmp_path / "made" / "for").is_dir()
