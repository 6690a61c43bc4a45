"""What a GitLab webhook says that a preview may end with, or be kept by. Pure: reads a payload, touches nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from operations.life.labels import KEEP_LABEL, START_LABEL
from stacks.names import NameRefusedError, PreviewName

_HEADS = "refs/heads/"
_NO_COMMIT = re.compile(r"0{40}(0{24})?")  # SHA-1 or SHA-256


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A branch was deleted.

    Attributes:
        branch: Its name.
    """

    branch: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A merge request has changed in a way that may mean something for the preview of its branch.

    What that is, GitLab says: the branch may have other merge requests, and this one may have changed again.

    Attributes:
        branch: Name of its branch.
        how: What has become of the merge request; completes "The merge request …".
    """

    branch: str
    how: str


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

    class Changes(_Event):
        class Labels(_Event):
            class Label(_Event):
                title: StrictStr

            previous: tuple[Label, ...] = ()
            current: tuple[Label, ...] = ()

        labels: Labels = Labels()

    object_kind: Literal["merge_request"]
    project: _Project
    object_attributes: Attributes
    changes: Changes = Changes()

    @field_validator("changes", mode="wrap")
    @classmethod
    def _unusable_are_none(cls, value: object, handler: ValidatorFunctionWrapHandler) -> Changes:
        """What is odd about changes hides no end."""
        try:
            return cast("_MergeRequest.Changes", handler(value))
        except ValidationError:
            return cls.Changes()

    def gained(self, label: str) -> bool:
        return label in self._titles("current") - self._titles("previous")

    def lost(self, label: str) -> bool:
        return label in self._titles("previous") - self._titles("current")

    def _titles(self, when: Literal["previous", "current"]) -> set[str]:
        return {label.title for label in getattr(self.changes.labels, when)}


_EVENT: TypeAdapter[_Push | _MergeRequest] = TypeAdapter(
    Annotated[_Push | _MergeRequest, Field(discriminator="object_kind")]
)


def said(payload: bytes, project: str) -> Gone | Changed | Nothing:
    """Find out which preview an event is about.

    A push that deletes a branch ends one; a merge request that is merged or closed, or gets or loses a label, may. The
    payload is somebody else's text: whatever it holds, the answer is one of three, and no error.

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
    found = _deleted(event) if isinstance(event, _Push) else _of_request(event)
    if not isinstance(found, Nothing):
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
    return Gone(branch=ref.removeprefix(_HEADS))


def _of_request(request: _MergeRequest) -> Changed | Nothing:
    attributes = request.object_attributes
    if not attributes.source_project_id == attributes.target_project_id == request.project.id:
        return Nothing(reason="the branch of the merge request is another project's")
    branch = attributes.source_branch
    match attributes.action:
        case "merge":
            return Changed(branch=branch, how="was merged")
        case "close":
            return Changed(branch=branch, how="was closed")
        case "update" if request.lost(START_LABEL):
            return Changed(branch=branch, how=f"lost the label {START_LABEL}")
        case "update" if request.gained(KEEP_LABEL):
            return Changed(branch=branch, how=f"got the label {KEEP_LABEL}")
        case "update" if request.lost(KEEP_LABEL):
            return Changed(branch=branch, how=f"lost the label {KEEP_LABEL}")
    return Nothing(reason="the merge request was neither merged nor closed, and no label of previews changed")


def _fault(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "the payload is not JSON"
    if not first["loc"]:
        return "the event is neither a push nor a merge request"
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"the event lacks a usable {where}"
