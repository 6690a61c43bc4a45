"""What a GitLab webhook says about the end of a branch. Pure: reads a payload, touches nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, TypeAdapter, ValidationError

from stacks.names import NameRefusedError, PreviewName

_HEADS = "refs/heads/"
_NO_COMMIT = re.compile(r"0{40}(0{24})?")  # SHA-1 or SHA-256


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A branch of the project came to its end.

    Attributes:
        branch: Its name.
        why: ``deleted`` or ``merged``.
    """

    branch: str
    why: Literal["deleted", "merged"]


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """Nothing is to be done.

    Attributes:
        reason: Why; completes "Nothing to do: …".
    """

    reason: str


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Project(_Event):
    id: StrictInt
    path_with_namespace: StrictStr
    default_branch: StrictStr | None = None

    def is_(self, wanted: str) -> bool:
        return wanted in (str(self.id), self.path_with_namespace)


class _Push(_Event):
    object_kind: Literal["push"]
    project: _Project
    after: StrictStr
    ref: StrictStr = ""
    # GitLab's trigger puts the ref of the pipeline in the place of the pushed one, so the webhook's template, which
    # CONTRIBUTING shows, carries the pushed one a second time.
    pushed_ref: StrictStr = ""


class _MergeRequest(_Event):
    class Attributes(_Event):
        action: StrictStr = ""
        source_branch: StrictStr
        source_project_id: StrictInt
        target_project_id: StrictInt

    object_kind: Literal["merge_request"]
    project: _Project
    object_attributes: Attributes


_EVENT: TypeAdapter[_Push | _MergeRequest] = TypeAdapter(
    Annotated[_Push | _MergeRequest, Field(discriminator="object_kind")]
)


def branch_gone(payload: bytes, project: str) -> Gone | Nothing:
    """Find out which branch an event put an end to.

    A push that deletes a branch does, and a merge request that is merged. The payload is somebody else's text: whatever
    it holds, the answer is one of two, and no error.

    Args:
        payload: Body of the webhook's request, as GitLab hands it to the job that it triggers.
        project: Number or full path of the project whose branches have previews here.
    """
    try:
        event = _EVENT.validate_json(payload)
    except ValidationError as error:
        return Nothing(reason=_fault(error))
    if not event.project.is_(project):
        return Nothing(reason="the event is of another project")
    found = _deleted(event) if isinstance(event, _Push) else _merged(event)
    if isinstance(found, Gone):
        if found.branch == event.project.default_branch:
            return Nothing(reason="the default branch does not end")
        try:
            PreviewName(found.branch)
        except NameRefusedError:
            return Nothing(reason="a branch of that name cannot have a preview")
    return found


def _deleted(push: _Push) -> Gone | Nothing:
    if not _NO_COMMIT.fullmatch(push.after):
        return Nothing(reason="the push did not delete a branch")
    ref = push.pushed_ref or push.ref
    if not ref.startswith(_HEADS):
        return Nothing(
            reason="the push deleted something, but does not say which branch: give the webhook the template of "
            "CONTRIBUTING, section In GitLab; the next scheduled clean-up finds the branch"
        )
    return Gone(branch=ref.removeprefix(_HEADS), why="deleted")


def _merged(request: _MergeRequest) -> Gone | Nothing:
    attributes = request.object_attributes
    if attributes.action != "merge":
        return Nothing(reason="the merge request was not merged by this event")
    if not attributes.source_project_id == attributes.target_project_id == request.project.id:
        return Nothing(reason="the branch that was merged is another project's")
    return Gone(branch=attributes.source_branch, why="merged")


def _fault(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "the payload is not JSON"
    if not first["loc"]:
        return "the event is neither a push nor a merge request"
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"the event lacks a usable {where}"
