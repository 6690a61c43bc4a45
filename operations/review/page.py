"""What the pages say of a preview, as HTML: its part of the page of all previews, and the page at its own name."""

from __future__ import annotations

import datetime as dt
import html
import shlex
from urllib.parse import quote

from operations.review.record import Record
from stacks.outputs import BaseOutputs

_NOTHING = "unknown"


def card(record: Record) -> str:
    """A preview's part of the page of all previews.

    The machine puts numbers in the place of ``@WELL@``, ``@ALL@`` and ``@LEFT@``, now and later, and shows the picture
    where it has one; the comment tells it when the preview ends, in seconds since 1970.
    """
    end = _moment(record.expires_at)
    name = f"<bdi>{_text(record.branch)}</bdi>"
    hidden = f'<span class="hidden"> of {name}</span>'
    links = [
        f'<a class="main" href="{_text(record.url)}">Open<span class="hidden"> {name}</span></a>',
        f'<a href="{_text(record.url)}/dashboards">Dashboards{hidden}</a>',
        *(f'<a href="{_text(url)}">{word}{hidden}</a>' for word, url in _in_gitlab(record)),
    ]
    parts = [
        f"<!-- ends {int(end.timestamp()) if end and not record.kept else ''} -->",
        f'<li><article class="card {record.state}">',
        f'<header><h2>{name}</h2><p class="badge">{_badge(record)}</p></header>',
        # A line of its own, which the machine leaves out while it has no picture.
        f'<img class="shot" src="/pictures/{_text(record.slug)}.webp" width="800" height="500" loading="lazy" '
        f'alt="Home dashboard of {_text(record.branch)}">',
        *([f'<p class="note">The last update failed: {_text(record.trouble)}</p>'] if record.trouble else []),
        "<dl>",
        _fact("Commit", f"<code>{_text(record.commit[:12])}</code>" if record.commit else _NOTHING),
        _fact("Deployed", _time(record.deployed_at)),
        _fact("By", f"<bdi>{_text(record.deployed_by)}</bdi>" if record.deployed_by else _NOTHING),
        _fact("Health", '<span class="bar w@WELL@" aria-hidden="true"></span>@WELL@ of @ALL@ services'),
        _fact("Ends", "kept, with no end" if record.kept else _ends(record)),
        *([_fact("Asleep", f"since {_time(record.since)}")] if record.state == "asleep" else []),
        "</dl>",
        f'<ul class="links">{"".join(f"<li>{link}</li>" for link in links)}</ul>',
        "</article></li>",
    ]
    return "\n".join(parts)


def own_page(record: Record, base: BaseOutputs) -> str:
    """The page at a preview's own name while the preview itself does not answer.

    Args:
        record: What is known of it.
        base: What its base hands on.
    """
    branch = shlex.quote(record.branch)
    since, by = _time(record.since), f" by <bdi>{_text(record.by)}</bdi>" if record.by else ""
    why = f" ({_text(record.trouble.rstrip('.'))})" if record.trouble else ""
    again = "Start it again with the job <code>preview:deploy</code> in the branch's pipeline, or from a checkout:"
    said = {
        "gone": ("is gone", f"<p>It ended on {since}{by}{why}.</p><p>{again}</p>", f"deploy {branch}"),
        "failed": (
            "is not there",
            f"<p>Its deploy on {since}{by} failed{why}.</p><p>{again}</p>",
            f"deploy {branch}",
        ),
        "asleep": (
            "is asleep",
            f"<p>Its containers were stopped on {since}{by}, and its data "
            f"{'are kept' if base.keeps_data else 'begin anew when it wakes'}. To wake it:</p>",
            f"wake {branch}",
        ),
        "deploying": (
            "is being deployed",
            f"<p>This began on {since}{by} and takes about a minute. Load this page again then, or look how it is:</p>",
            f"status {branch}",
        ),
        "broken": (
            "is broken",
            f"<p>Its update on {since}{by} failed{why}, and the version before it could not be put back. To try "
            "again:</p>",
            f"deploy {branch}",
        ),
        "live": (
            "does not answer",
            f"<p>It is up since {since}, but does not answer just now. Load this page again in a moment, or look how "
            "it is:</p>",
            f"status {branch}",
        ),
    }  # fmt: skip
    words, explained, command = said[record.state]
    title = f"The preview of <bdi>{_text(record.branch)}</bdi> {words}"
    pipelines = f"{record.project}/-/pipelines?ref={quote(record.branch, safe='')}" if record.project else ""
    links = [
        *([f'<a class="main" href="{_text(pipelines)}">Pipelines of the branch</a>'] if _is_address(pipelines) else []),
        *([f'<a href="{_text(record.merge_request)}">Merge request</a>'] if _is_address(record.merge_request) else []),
        f'<a href="{_text(base.page_url)}">All previews</a>',
    ]
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The preview of {_text(record.branch)} {words}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/previews.css">
</head>
<body>
<main class="wide narrow">
<section class="panel {record.state}">
<h1>{title}</h1>
{explained}
<pre tabindex="0"><code>./preview {_text(command)}</code></pre>
<ul class="links">{"".join(f"<li>{link}</li>" for link in links)}</ul>
</section>
</main>
</body>
</html>"""


def _badge(record: Record) -> str:
    """How it stands in a word or two: what lives after an update that failed is not what was asked for last."""
    return "rolled back" if record.state == "live" and record.trouble else record.state


def _in_gitlab(record: Record) -> list[tuple[str, str]]:
    known = [("Merge request", record.merge_request), ("Pipeline", record.pipeline)]
    return [(word, url) for word, url in known if _is_address(url)]


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{name}</dt><dd>{value}</dd></div>"


def _ends(record: Record) -> str:
    return f'{_time(record.expires_at)} <span class="left">(@LEFT@)</span>' if _moment(record.expires_at) else _NOTHING


def _time(text: str) -> str:
    moment = _moment(text)
    if moment is None:
        return _NOTHING
    return f'<time datetime="{_text(text)}">{moment.day} {moment:%B %Y, %H:%M} UTC</time>'


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(dt.UTC) if moment.tzinfo else None


def _text(text: str) -> str:
    """Text as HTML takes it anywhere, in ASCII alone, without a place that the machine would fill."""
    printable = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return html.escape(printable).replace("@", "&#64;").encode("ascii", "xmlcharrefreplace").decode()
