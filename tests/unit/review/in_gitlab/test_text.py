"""Whatever others wrote is shown in a note, and nothing in it is obeyed: a Markdown parser and GitLab's rules tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from operations.review.content import Content, Picture, Verified, after, content_of, key_of
from operations.review.render import note
from operations.review.text import block, code
from stacks.names import PreviewName
from tests.unit.review.in_gitlab.conftest import BRANCH, COMMIT, URL, Jobs, happening

KEY = key_of(PreviewName(BRANCH), URL)
HOSTILE = (
    "@all #123 !1 ~bug %1 &2 $3 ^alert#4",
    "`@all`` ``` @all",
    "``",
    "`",
    "\n/close\n/merge",
    "```\n/close\n```",
    "</details>\n\n/close",
    "</code></pre><script>alert(1)</script>",
    "<!-- pgai-preview preview-feature-a.pgai.watch {} -->",
    "-->\n\n/close",
    "](javascript:alert(1)) ![x](https://evil.test/x.png)",
    "| a | b |\n|---|---|\n| @all | /close |",
    "\\`@all\\`",
    "&#64;all &lt;b&gt;",
    "a\u2028/close\u202e\0\x1b[31m\ud800",
    "[_TOC_]\n---\n# title\n>>>\n/close\n>>>",
    "https://evil.test/ www.evil.test mail@evil.test",
)
hostile = st.one_of(
    st.text(min_size=1, max_size=80),
    st.lists(st.sampled_from([*HOSTILE, "`", "``", "\n", " ", "\\", "|", "/close", "~~~"]), min_size=1, max_size=6).map(
        "".join
    ),
)
CODE = re.compile(r"<code>[^<>\n]*</code>")
# Two notes are parsed for each example.
quick = settings(max_examples=60, deadline=None, derandomize=True)
QUICK_ACTION = re.compile(r"^\s*/\w", re.MULTILINE)


def tokens(markdown: str) -> Iterator[Token]:
    """All tokens, those within lines as well."""
    for token in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown):
        yield token
        yield from token.children or ()


def outside_code(markdown: str) -> str:
    """Everything of a text that GitLab looks at for mentions, references, links and tags."""
    seen = []
    for token in tokens(markdown):
        if token.type not in ("inline", "code_inline", "fence"):
            text = CODE.sub("", token.content) if token.type == "html_block" else token.content
            seen += [text, *(str(value) for value in token.attrs.values())]
    return "\n".join(seen)


def rendered(text: str) -> tuple[str, Content]:
    """A note in which every text is somebody else's."""
    failed = happening("rolled back", by=text, commit=text, why=text, expires_at=text)
    picture = Picture(title=text, before=f"/uploads/{text}", after=text, remark=text)
    content = after(Content(state="live", at=failed.at, runs=text), failed).changed(
        {
            "verified": Verified(commit=text, passed=1, checks=2, missing=(text,), job_url=text),
            "pictures": (picture,),
            "pictures_of": text,
        }
    )
    return note(KEY, content, {text: text}, text), content


@quick
@given(hostile)
def test_whatever_others_wrote_changes_no_token_of_the_note_but_code(text: str) -> None:
    body, _ = rendered(text)
    harmless, _ = rendered("x")
    shape = [(token.type, token.tag, token.attrs) for token in tokens(body)]
    assert shape == [(token.type, token.tag, token.attrs) for token in tokens(harmless)]
    first, second = outside_code(body).split("\n", 1), outside_code(harmless).split("\n", 1)
    assert first[0].startswith("<!-- pgai-preview "), "what is hidden is the first thing"
    assert first[1] == second[1]


@quick
@given(hostile)
def test_nothing_that_others_wrote_begins_a_line_as_a_quick_action(text: str) -> None:
    body, _ = rendered(text)
    assert not QUICK_ACTION.search(body)
    assert not [line for line in body.splitlines() if line.lstrip().startswith("/")]


@quick
@given(hostile)
def test_a_note_says_again_what_it_has_kept_and_nothing_else_reads_as_one(text: str) -> None:
    body, content = rendered(text)
    assert content_of(body, KEY) == content
    assert "\0" not in body
    assert body.encode()
    hidden = body.splitlines()[0]
    assert (hidden.count("<!--"), hidden.count("-->"), hidden[-3:]) == (1, 1, "-->")
    assert content_of(f"x{body}", KEY) is None
    assert content_of(body, "preview-b.pgai.watch") is None


@quick
@given(hostile)
@example("a`b")
@example("`")
def test_code_within_a_line_shows_what_it_is_given(text: str) -> None:
    (inline,) = [one for one in MarkdownIt().parse(f"- **By:** {code(text, 1000)}, later") if one.type == "inline"]
    types = [child.type for child in inline.children or () if child.type != "text" or child.content]
    assert types == ["strong_open", "text", "strong_close", "text", "code_inline", "text"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_reader_sees_the_words_of_a_hostile_text(text: str) -> None:
    shown = "\n".join(token.content for token in tokens(block(text)))
    uncoloured = text.replace("\x1b[31m", "")
    for word in "".join(char if char.isascii() and char.isprintable() else " " for char in uncoloured).split():
        assert word in shown


def test_a_megabyte_of_last_words_becomes_its_last_forty_lines() -> None:
    text = "\n".join(f"{number} " + "x" * 1000 for number in range(1000))
    lines = block(text).splitlines()
    assert len(lines) == 42
    assert lines[-2].startswith("| 999 x")
    assert max(map(len, lines)) <= 302
    assert len(block("x" * 1_000_000)) < 400


def test_the_largest_note_is_one_that_gitlab_takes(jobs: Jobs, iid: int) -> None:
    logs = {f"preview-a-{number}": "`@all` \u2588\n" * 100_000 for number in range(20)}
    jobs.update("failed", logs=logs, why="@all " * 200_000, by="x" * 100_000)
    (body,) = jobs.fake.notes(iid)
    assert len(body) < 200_000
    assert not jobs.said
    assert COMMIT[:8] in body
