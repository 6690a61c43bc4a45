"""What is asked of the project's pipelines without a runner: the project as GitLab has it, and a job's script."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.gitlab.job_script import Job
from tests.equipment.gitlab.pipelines import Repository


@pytest.fixture(scope="package")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A working tree of which no job is run."""
    root = tmp_path_factory.mktemp("pipelines")
    clone = Clone.make(root, "never-run")
    clone.commit()
    return Repository(clone.path, root, clone.environment)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job.make(tmp_path)
