"""Configuration files of bases: those under version control stay, and those of stacks that are removed go with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.engine.stack_files import StackFiles
from stacks.paths import Paths


@pytest.mark.parametrize(("stack", "stays"), [("local", True), ("base", True), ("cluster", False)])
def test_a_base_that_is_removed_takes_its_configuration_along_unless_that_is_under_version_control(
    tmp_path: Path, stack: str, stays: bool
) -> None:
    files = StackFiles(Paths(checkout=tmp_path, cache=tmp_path, data=tmp_path))
    path = tmp_path / f"Pulumi.{stack}.yaml"
    path.write_text("config: {}\n")
    with files._configuration_kept(stack):
        path.unlink()
    assert path.exists() == stays
