"""Deploys and updates as GitLab's deployments, and the preview's address as its environment's.

For a job that deploys to the environment (`environment: action: start`) GitLab keeps a deployment itself, and lets
nobody change it. A job that only prepares (`action: prepare`), as the one that updates on a push, has none; so it is
made here, once there is something to update. Such a deployment has no job, so GitLab knows of none that stops the
environment (`on_stop`) until a job deploys again: previews do not rest on it, `reap` and the webhook end them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from operations.happening import Happening
from operations.review.client import ask
from operations.review.settings import GitLab, environment_of
from operations.verify.timing import opening_url

if TYPE_CHECKING:
    from gitlab.v4.objects import Project

_SECONDS = 5.0
_STATUS = {"live": "success", "failed": "failed", "rolled back": "failed", "broken": "failed"}
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
# GitLab's own rule for names of environments.
_NAME = re.compile(r"[A-Za-z0-9_/$.{} -]{1,255}(?<!/)", re.ASCII)
_LONGEST_ADDRESS = 255


class Deployments:
    """Hears how deploys go, and tells GitLab.

    Args:
        gitlab: The project.
    """

    def __init__(self, gitlab: GitLab) -> None:
        self._gitlab = gitlab
        # Branch → id of the deployment that is under way; 0 where GitLab did not take it.
        self._under_way: dict[str, int] = {}

    def __call__(self, happening: Happening) -> None:
        """Tell GitLab.

        Raises:
            GitLabError: GitLab could not be told.
        """
        branch = happening.name.branch
        name = environment_of(branch)
        if not _NAME.fullmatch(name):
            return
        if happening.what == "deploying":
            self._under_way[branch] = 0
            self._ask(lambda project: self._begin(project, name, happening))
        elif happening.what in _STATUS and branch in self._under_way:
            number = self._under_way.pop(branch)
            self._ask(lambda project: self._end(project, name, happening, number))

    def _ask(self, task: Callable[[Project], None]) -> None:
        ask(self._gitlab, "GitLab does not show the deployment", task, seconds=_SECONDS)

    def _begin(self, project: Project, name: str, happening: Happening) -> None:
        if self._mine(name, happening):
            # One that runs is of a job that died: nobody else works on the preview now.
            for left in project.deployments.list(environment=name, status="running", get_all=False):
                if not left.deployable:
                    project.deployments.update(left.id, {"status": "canceled"})
            self._under_way[happening.name.branch] = _create(project, name, happening, "running")
        address = opening_url(happening.url)
        for environment in project.environments.list(name=name, get_all=False):
            if environment.external_url != address and len(address) <= _LONGEST_ADDRESS:
                project.environments.update(environment.id, {"external_url": address})

    def _end(self, project: Project, name: str, happening: Happening, number: int) -> None:
        status = _STATUS[happening.what]
        if number:
            project.deployments.update(number, {"status": status})
        elif self._mine(name, happening):
            _create(project, name, happening, status)

    def _mine(self, name: str, happening: Happening) -> bool:
        """Whether GitLab keeps none itself, and one can be made."""
        return name != self._gitlab.deployed_environment and bool(_COMMIT.fullmatch(happening.commit))


def _create(project: Project, name: str, happening: Happening, status: str) -> int:
    branch = happening.name.branch
    values = {"environment": name, "sha": happening.commit, "ref": branch, "tag": False, "status": status}
    return int(project.deployments.create(values).id)
