"""What GitLab knows of previews, read once for a clean-up: environments, and merge requests with their labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations.happening import Happening, Hears
from operations.review.client import ask
from operations.review.settings import GitLab, environment_of

if TYPE_CHECKING:
    from gitlab.v4.objects import Project

_READ_SECONDS = 60
_STOP_SECONDS = 10
_PREFIX = environment_of("")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment of a branch's preview.

    Attributes:
        number: GitLab's id.
        branch: The branch.
        available: Whether it is; else it was stopped.
        changed_at: When it was made, stopped, or changed otherwise.
    """

    number: int
    branch: str
    available: bool
    changed_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class MergeRequest:
    """A merge request of a branch of the project into another one of it.

    Attributes:
        labels: Its labels.
        ended: ``merged`` or ``closed``; empty while it is open.
        ended_at: When.
    """

    labels: frozenset[str] = frozenset()
    ended: str = ""
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What GitLab knows.

    Attributes:
        environments: All that are available, and of the previews that there are the stopped ones too.
        merge_requests: Branch of a preview → its merge requests.
    """

    environments: tuple[Environment, ...] = ()
    merge_requests: Mapping[str, tuple[MergeRequest, ...]] = field(default_factory=dict)


def look(gitlab: GitLab, branches: Collection[str]) -> Seen:
    """Read what GitLab knows.

    Args:
        gitlab: The project.
        branches: Branches that have a preview.

    Raises:
        GitLabError: It cannot be read.
    """

    def read(project: Project) -> Seen:
        rows = list(project.environments.list(search=_PREFIX, states="available", get_all=True))
        for branch in branches:
            rows += project.environments.list(name=environment_of(branch), states="stopped", get_all=True)
        return Seen(
            environments=tuple(
                _environment(row.attributes) for row in rows if str(row.attributes["name"]).startswith(_PREFIX)
            ),
            merge_requests={
                branch: tuple(
                    _merge_request(row.attributes)
                    for row in project.mergerequests.list(source_branch=branch, state="all", get_all=True)
                    if str(row.source_project_id) == str(row.target_project_id) == gitlab.project
                )
                for branch in branches
            },
        )

    return ask(gitlab, "What GitLab knows of previews cannot be read", read, seconds=_READ_SECONDS)


def stop(gitlab: GitLab, number: int) -> None:
    """Stop an environment without its job, which would find no preview.

    Raises:
        GitLabError: It cannot be stopped.
    """

    def stopped(project: Project) -> None:
        project.environments.get(number, lazy=True).stop(force=True)

    ask(gitlab, "The environment cannot be stopped", stopped, seconds=_STOP_SECONDS)


def stops_environment(gitlab: GitLab) -> Hears:
    """Hears of previews that are gone, and stops their environments."""

    def hear(happening: Happening) -> None:
        if happening.what != "gone":
            return

        def stopped(project: Project) -> None:
            name = environment_of(happening.name.branch)
            for row in project.environments.list(name=name, states="available", get_all=True):
                row.stop(force=True)

        what = f"The environment of {happening.name.branch!r} cannot be stopped"
        ask(gitlab, what, stopped, seconds=_STOP_SECONDS)

    return hear


def _environment(row: Mapping[str, Any]) -> Environment:
    return Environment(
        number=int(row["id"]),
        branch=str(row["name"]).removeprefix(_PREFIX),
        available=row["state"] == "available",
        changed_at=_time(row.get("updated_at") or row["created_at"]),
    )


def _merge_request(row: Mapping[str, Any]) -> MergeRequest:
    ended = row["state"] if row["state"] in ("merged", "closed") else ""
    ended_at = row.get(f"{ended}_at") if ended else None
    return MergeRequest(
        labels=frozenset(map(str, row["labels"])), ended=ended, ended_at=_time(ended_at) if ended_at else None
    )


def _time(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))
