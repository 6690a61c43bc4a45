"""What a note says, and what becomes of it when something happens."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from operations.happening import Happening
from stacks.names import PreviewName

State = Literal["deploying", "live", "failed", "rolled back", "broken", "asleep", "gone"]

_MARKER = re.compile(r"<!-- pgai-preview (?P<preview>[\w.:-]+) (?P<content>\{.*\}) -->")
_LONGEST = 500


def _whole(value: Any) -> Any:
    """Text without halves of characters, which are no UTF-8; cut where it is too long to be kept."""
    return value[:_LONGEST].encode("utf-8", "replace").decode() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_whole)]


class Verified(BaseModel):
    """Result of ``verify``.

    Attributes:
        commit: Commit that was verified; empty where unknown.
        passed: Checks that passed.
        checks: All checks.
        missing: Each check that failed, with what was seen.
        job_url: Page of the job that did it.
    """

    model_config = ConfigDict(frozen=True)

    commit: Text
    passed: int
    checks: int
    missing: tuple[Text, ...] = ()
    job_url: Text = ""


class Picture(BaseModel):
    """A dashboard before and after.

    Attributes:
        title: Its title.
        before: Address of the picture of what the branch is compared with; empty where there is none.
        after: The same of the branch.
        remark: What is to be said of the two: new, gone, different.
    """

    model_config = ConfigDict(frozen=True)

    title: Text
    before: Text = ""
    after: Text = ""
    remark: Text = ""


class Content(BaseModel):
    """What a note says of a preview. Logs are not kept: they belong to what has just happened.

    Attributes:
        state: How it stands.
        latest: What happened last, where that is another thing.
        at: When that was.
        by: Who did it.
        commit: Commit that it was about.
        runs: Commit that runs, where one does and it is known.
        url: Public address.
        expires_at: End of life; empty where unknown, or where there is none.
        slots: How many slots of the machine are in use, ``2 of 2``; empty where unknown.
        why: What went wrong, or why it ended.
        verified: Result of the last ``verify``.
        pictures: Dashboards before and after.
        pictures_of: Commit that was pictured.
    """

    model_config = ConfigDict(frozen=True)

    state: State
    latest: Text = ""
    at: dt.datetime
    by: Text = ""
    commit: Text = ""
    runs: Text = ""
    url: Text = ""
    expires_at: Text = ""
    slots: Text = ""
    why: Text = ""
    verified: Verified | None = None
    pictures: tuple[Picture, ...] = ()
    pictures_of: Text = ""

    def changed(self, values: Mapping[str, object]) -> Content:
        """The same with other values."""
        return Content.model_validate({**self.__dict__, **values})


def key_of(name: PreviewName, url: str) -> str:
    """By what a preview is known in notes: its host, which names the slug and the base's domain."""
    return urlsplit(url).netloc or name.stack


def marker(key: str, content: Content) -> str:
    """The first line of a note, which a reader does not see: whose it is, and what it says."""
    data = content.model_dump_json(ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- pgai-preview {key} {data} -->"


def content_of(body: str, key: str) -> Content | Literal["unreadable"] | None:
    """What a note says; None where it is not about the preview.

    Args:
        body: Text of the note.
        key: By what the preview is known.
    """
    found = _MARKER.match(body)
    if found is None or found["preview"] != key:
        return None
    try:
        return Content.model_validate_json(found["content"])
    except ValidationError:
        # Written by another version, or by a person.
        return "unreadable"


def after(before: Content | None, happening: Happening, slots: str = "") -> Content:
    """What a note says once something has happened.

    Args:
        before: What it said; None where there was none.
        happening: What has happened.
        slots: How many slots of the machine are in use now; empty where unknown.
    """
    known = before or Content(state="live", at=happening.at)
    changes: dict[str, object] = {
        "at": happening.at,
        "by": happening.by,
        "url": happening.url or known.url,
        "expires_at": happening.expires_at,
        "slots": slots,
        "why": happening.why,
    }
    if happening.what in ("extended", "kept", "ends soon"):
        kept = "kept" if not happening.expires_at else "no longer kept"
        changes["latest"] = kept if happening.what == "kept" else happening.what
    else:
        # A wake need not name a commit; a deploy that names none is of one that nobody knows.
        commit = happening.commit if happening.what == "deploying" else happening.commit or known.commit
        changes |= {"state": happening.what, "latest": "", "commit": commit}
    if happening.what == "live":
        changes["runs"] = changes["commit"]
    elif happening.what in ("failed", "broken", "gone"):
        changes["runs"] = ""
    return known.changed(changes)
