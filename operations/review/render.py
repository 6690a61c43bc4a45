"""The note as a reader of a merge request sees it: GitLab's Markdown."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from operations.review.content import Content, Picture, Verified, marker
from operations.review.text import block, code, folded, html_code
from operations.verify.timing import opening_url

_TITLES = {
    "deploying": "🔵 Preview: deploying",
    "live": "🟢 Preview: live",
    "failed": "🔴 Preview: the deploy failed",
    "rolled back": "🟠 Preview: the update failed, the version before it runs",
    "broken": "🔴 Preview: the update failed, the version before it could not be put back",
    "asleep": "💤 Preview: asleep",
    "gone": "⚪ Preview: gone",
}
_LATEST = {"extended": "extended", "kept": "kept", "no longer kept": "no longer kept", "ends soon": "ends soon"}
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SHORT = 8
# What is safe between the brackets of a link.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_?&=%+~-]+")
_UPLOAD = re.compile(r"/uploads/[0-9a-f]+/[\w.-]+", re.ASCII)
_MOST_LOGS = 8
_MOST_PICTURES = 50
_MOST_MISSING = 20


def note(key: str, content: Content, logs: Mapping[str, str], project_url: str) -> str:
    """Text of a note.

    Args:
        key: By what the preview is known in notes.
        content: What it says.
        logs: Container that failed → its last lines.
        project_url: Address of the project's pages, below which commits are; empty where unknown.
    """
    parts = [f"{marker(key, content)}\n### {_TITLES[content.state]}", "\n".join(_facts(content, project_url))]
    parts += [
        folded(f"Last words of {html_code(name)}", block(lines)) for name, lines in list(logs.items())[:_MOST_LOGS]
    ]
    if content.verified:
        parts.append(_verified(content.verified, content.runs, project_url))
    if content.pictures:
        parts.append(_pictures(content, project_url))
    return "\n\n".join(parts)


def _facts(content: Content, project_url: str) -> Iterator[str]:
    if content.url and content.state not in ("failed", "gone"):
        yield f"- **Address:** {_link(content.url.partition('://')[2], opening_url(content.url))}"
    failed = content.state in ("rolled back", "broken")
    if failed:
        yield f"- **Commit that failed:** {_commit(content.commit, project_url)}"
    if shown := content.runs if failed else content.commit:
        yield f"- **Commit:** {_commit(shown, project_url)}"
    done = f" ({_LATEST[content.latest]})" if content.latest in _LATEST else ""
    yield f"- **By:** {code(content.by)}, {content.at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC{done}"
    if content.state not in ("failed", "gone"):
        if content.latest == "kept":
            yield "- **Ends:** when somebody ends it"
        elif content.expires_at:
            yield f"- **Ends:** {_time(content.expires_at)}"
    if content.slots:
        yield f"- **Slots:** {code(content.slots)} in use"
    if content.why:
        yield f"- **Why:** {code(content.why, 500)}"


def _verified(verified: Verified, runs: str, project_url: str) -> str:
    sign = "❌" if verified.missing else "✅"
    line = f"{sign} **Verified:** {verified.passed} of {verified.checks} checks passed"
    if verified.commit:
        older = "" if verified.commit == runs else ", which is not the commit that runs now"
        line += f", as of {_commit(verified.commit, project_url)}{older}"
    if _ADDRESS.fullmatch(verified.job_url):
        line += f" ([job]({verified.job_url}))"
    if not verified.missing:
        return line
    missing = "\n".join(f"- {code(one, 300)}" for one in verified.missing[:_MOST_MISSING])
    return f"{line}\n\n{folded('What is missing', missing)}"


def _pictures(content: Content, project_url: str) -> str:
    shown = "\n\n".join(_picture(one) for one in content.pictures[:_MOST_PICTURES])
    of = f", as of {_commit(content.pictures_of, project_url)}" if content.pictures_of else ""
    return f"🖼️ **Dashboards before and after**{of}\n\n{folded('Pictures', shown)}"


def _picture(picture: Picture) -> str:
    title = f"{code(picture.title)}" + (f" – {code(picture.remark)}" if picture.remark else "")
    images = [
        f"![{name}]({address}){{width=45%}}"
        for name, address in (("before", picture.before), ("after", picture.after))
        if _UPLOAD.fullmatch(address)
    ]
    return f"{title}\n\n{' '.join(images) or '(no picture)'}"


def _commit(commit: str, project_url: str) -> str:
    if not _COMMIT.fullmatch(commit):
        return code(commit, 64)
    return _link(commit[:_SHORT], f"{project_url}/-/commit/{commit}" if project_url else "")


def _link(text: str, address: str) -> str:
    return f"[{code(text)}]({address})" if _ADDRESS.fullmatch(address) else code(text)


def _time(text: str) -> str:
    try:
        return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return code(text, 64)
