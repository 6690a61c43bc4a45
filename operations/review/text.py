"""Other people's text in GitLab's Markdown: names, reasons and logs are shown, and nothing in them is obeyed.

In code GitLab looks for no mention, reference, link or tag. A line that begins with a bar is no quick action and ends
no block.
"""

from __future__ import annotations

import html
import re

from operations.printable import printable

_LINE = "| "
_CUT = "…"


def code(text: str, most: int = 200) -> str:
    """Text as code within a line; what is too long is cut.

    Args:
        text: Any text.
        most: Characters that are shown.
    """
    shown = _cut(" ".join(printable(text).split()), most) or "–"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    # Markdown takes one blank away on both sides, where there is one on both.
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def html_code(text: str) -> str:
    """The same where only HTML counts, as in a summary."""
    return f"<code>{html.escape(_cut(' '.join(printable(text).split()), 100))}</code>"


def block(text: str, lines: int = 40, width: int = 300) -> str:
    """Lines of text as a block of code, each after a bar; only the last of many.

    Args:
        text: Any text.
        lines: Lines that are shown.
        width: Characters of a line that are shown.
    """
    # What is cut off anyway is not looked at: a log may be long.
    tail = text[-lines * width * 4 :].rstrip().splitlines()[-lines:]
    shown = [f"{_LINE}{_cut(printable(line), width)}".rstrip() for line in tail] or [f"{_LINE}(nothing)"]
    return "\n".join(("```text", *shown, "```"))


def folded(summary: str, content: str) -> str:
    """Content that a reader folds out.

    Args:
        summary: Its heading, in which Markdown does not count: the project's own text, or :func:`html_code`.
        content: Markdown.
    """
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + _CUT
