"""The one note of a preview in each merge request of its branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from operations.review.content import Content, content_of
from operations.review.render import note
from operations.review.settings import GitLab

if TYPE_CHECKING:
    from gitlab.v4.objects import Project

Change = Callable[[Content | None], Content]

_CLOSED_LOOKED_AT = 3


def write(
    project: Project,
    gitlab: GitLab,
    branch: str,
    key: str,
    change: Change,
    *,
    logs: Mapping[str, str] | None = None,
    ended: bool = False,
) -> None:
    """Bring the note up to date in every open merge request of a branch.

    Notes are found by what their author has hidden in them; one that a person has deleted is made again, and of
    several, as two jobs at once leave them, the oldest stays.

    Args:
        project: The project, with a token that may write notes.
        gitlab: Where it is.
        branch: Source branch of the merge requests.
        key: By what the preview is known in notes.
        change: What a note said (None where there was none, or nobody can read it) → what it says.
        logs: Container that failed → its last lines.
        ended: Whether the preview is gone: then notes in merge requests that are merged or closed say so too.
    """
    client = project.manager.gitlab
    client.auth()
    me = client.user.id if client.user else None
    for merge_request in _merge_requests(project, gitlab, branch, closed_too=ended):
        mine = [(one, said) for one, said in _notes(merge_request, key) if one.author["id"] == me]
        said = mine[0][1] if mine else None
        body = note(key, change(said if isinstance(said, Content) else None), logs or {}, gitlab.project_url)
        if not mine:
            if merge_request.state == "opened":
                merge_request.notes.create({"body": body})
            continue
        # Two jobs at once may have made one each.
        for double, _ in mine[1:]:
            double.delete()
        merge_request.notes.update(mine[0][0].id, {"body": body})


def _merge_requests(project: Project, gitlab: GitLab, branch: str, *, closed_too: bool) -> Iterator[Any]:
    """Merge requests out of the project's own branch: a fork's may have the same name."""
    closed = 0
    for one in project.mergerequests.list(
        source_branch=branch,
        state="all" if closed_too else "opened",
        order_by="updated_at",
        sort="desc",
        get_all=False,
    ):
        if str(one.source_project_id) != gitlab.project:
            continue
        if one.state != "opened":
            closed += 1
            if closed > _CLOSED_LOOKED_AT:
                continue
        yield one


def _notes(merge_request: Any, key: str) -> Iterator[tuple[Any, object]]:
    """Notes about a preview, oldest first."""
    for one in merge_request.notes.list(
        iterator=True, order_by="created_at", sort="asc", activity_filter="only_comments"
    ):
        said = content_of(one.body, key)
        if said is not None:
            yield one, said
