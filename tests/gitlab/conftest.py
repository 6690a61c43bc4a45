"""The project as GitLab has it, for what is only asked of its pipelines."""

from __future__ import annotations

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.gitlab.pipelines import Repository


@pytest.fixture(scope="package")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A working tree of which no job is run."""
    root = tmp_path_factory.mktemp("pipelines")
    clone = Clone.make(root, "never-run")
    clone.commit()
    return Repository(clone.path, root, clone.environment)
