"""The record of a preview on its machine: what its page shows. A cache; the stack's state decides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self, get_args

from operations.happening import Happening
from operations.redact import sentence_of
from stacks.moments import text_of
from stacks.names import CLUSTER, LOCAL, PRODUCTION
from stacks.outputs import BaseOutputs, PreviewOutputs

_CUT_OFF = "it was cut off, and may be half done; the same deploy again does the rest"

State = Literal["deploying", "live", "broken", "asleep", "failed", "gone"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of a preview, without secrets; times are RFC 3339 in UTC, texts empty where unknown.

    Attributes:
        branch: Branch.
        slug: Slug.
        url: Public address.
        base: Base stack.
        state: What it is.
        since: Since when.
        commit: Commit that is deployed.
        deployed_by: Who did the last successful deploy or update.
        created_at: First successful deploy.
        deployed_at: Last successful deploy or update.
        expires_at: End of life.
        kept: Whether it has no end.
        trouble: Why the last update failed, or why it is gone: one sentence.
        by: Who did what happened last.
        project: Address of the project in GitLab.
        merge_request: Address of the branch's merge request.
        pipeline: Address of the pipeline that deployed last.
    """

    branch: str
    slug: str
    url: str
    base: str
    state: State
    since: str
    commit: str = ""
    deployed_by: str = ""
    created_at: str = ""
    deployed_at: str = ""
    expires_at: str = ""
    kept: bool = False
    trouble: str = ""
    by: str = ""
    project: str = ""
    merge_request: str = ""
    pipeline: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing of the preview is left."""
        return self.state in ("failed", "gone")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """A record as it was written; None where there is none, or somebody has changed it."""
        try:
            record = cls(**json.loads(text))
        except (ValueError, TypeError, RecursionError):
            return None
        texts = [value for name, value in asdict(record).items() if name != "kept"]
        sound = isinstance(record.kept, bool) and all(isinstance(value, str) for value in texts)
        return record if sound and record.state in get_args(State) else None

    def written(self) -> str:
        """The record for its file; nothing but ASCII, whatever the branch's name is."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where GitLab shows what belongs to the branch that a job works on; empty where unknown.

    Attributes:
        project: Address of the project.
        merge_request: Address of the merge request.
        pipeline: Address of the pipeline.
    """

    project: str = ""
    merge_request: str = ""
    pipeline: str = ""


def record_after(old: Record | None, happening: Happening, base: BaseOutputs, links: Links) -> Record:
    """What is known of a preview after something has happened to it.

    Args:
        old: What was known before.
        happening: What has happened.
        base: What its base hands on.
        links: Where GitLab shows it.
    """
    at = text_of(happening.at)
    of_branch = old if old and old.branch == happening.name.branch else None
    known = of_branch if of_branch and not of_branch.over else _made(happening, base, at)
    where = _links(of_branch, happening, links)
    known = replace(
        known,
        by=happening.by,
        project=where.project,
        merge_request=where.merge_request,
        pipeline=where.pipeline,
    )
    ending = replace(known, expires_at=happening.expires_at, kept=not happening.expires_at)
    match happening.what:
        case "deploying":
            return replace(known, state="deploying", since=at)
        case "live" if known.state == "asleep":
            return replace(known, state="live", since=at, trouble="")
        case "live":
            return replace(
                ending,
                state="live",
                since=at,
                trouble="",
                commit=happening.commit,
                deployed_by=happening.by,
                deployed_at=at,
                created_at=known.created_at or at,
            )
        case "rolled back":
            return replace(known, state="live", since=at, trouble=sentence_of(happening.why))
        case "broken":
            return replace(known, state="broken", since=at, trouble=sentence_of(happening.why))
        case "extended" | "kept":
            return ending
        case "ends soon":
            return replace(known, expires_at=happening.expires_at or known.expires_at)
        case "asleep":
            return replace(known, state="asleep", since=at)
        case "failed" | "gone":
            return replace(known, state=happening.what, since=at, trouble=sentence_of(happening.why))


def record_agreed(old: Record | None, preview: PreviewOutputs) -> Record:
    """What has to be known of a preview by what its stack records, which decides.

    Args:
        old: What is known.
        preview: What the stack records.
    """
    state: State = "asleep" if preview.asleep_since else "live"
    of_branch = old if old and old.branch == preview.branch and not old.over else None
    known = of_branch or Record(
        branch=preview.branch,
        slug=preview.slug,
        url=preview.url,
        base=preview.base,
        state=state,
        since=preview.asleep_since or preview.deployed_at,
        deployed_by=preview.deployed_by,
        created_at=preview.created_at,
        deployed_at=preview.deployed_at,
        by=preview.deployed_by,
    )
    ended = replace(known, commit=preview.commit, expires_at=preview.end, kept=bool(preview.kept))
    is_broken = known.state == "broken" and state == "live" and preview.deployed_at < known.since
    if known.state == state or is_broken:
        return ended
    # What was told of a deploy, and not how it ended: nobody lived to tell.
    trouble = _CUT_OFF if known.state == "deploying" else known.trouble
    return replace(ended, state=state, since=preview.asleep_since or preview.deployed_at, trouble=trouble)


def _made(happening: Happening, base: BaseOutputs, at: str) -> Record:
    """The record of a preview of which nothing was known."""
    return Record(
        branch=happening.name.branch,
        slug=happening.name.slug,
        url=happening.name.url(base),
        base=base.by_kind(
            local=lambda: base.by_runtime(containers=lambda: LOCAL, services=lambda: CLUSTER),
            hetzner=lambda: PRODUCTION,
        ),
        state="live",
        since=at,
        commit=happening.commit,
        expires_at=happening.expires_at,
    )


def _links(old: Record | None, happening: Happening, links: Links) -> Links:
    """Where GitLab shows the preview: what this job says, else what an earlier one has said."""
    # A job that cleans up belongs to no merge request, and its pipeline is none of the branch's.
    by_branch = happening.what in ("deploying", "live", "rolled back", "broken", "failed")
    own = links if by_branch else Links(project=links.project)
    known = old or own
    return Links(
        project=own.project or known.project,
        merge_request=own.merge_request or known.merge_request,
        pipeline=own.pipeline or known.pipeline,
    )
