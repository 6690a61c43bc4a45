"""The commands of the runbook, to be run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.equipment.checkout import Clone, Finished, ok

_RUNBOOK = Path(__file__).resolve().parents[2] / "RUNBOOK.md"


def commands(heading: str) -> str:
    """The shell commands below a heading, up to the next one.

    Raises:
        KeyError: There is no such heading, or it has no commands.
    """
    sections = re.split(r"^#+ (.+)$", _RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = dict(zip(sections[1::2], sections[2::2], strict=True)).get(heading, "")
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    if not blocks:
        raise KeyError(f"the runbook has no commands below {heading!r}")
    return "".join(blocks)


def with_words(heading: str, **words: object) -> str:
    """The commands below a heading, with the words that stand for something replaced; ``_`` is ``-`` in them."""
    script = commands(heading)
    for word, value in words.items():
        placeholder = word.replace("_", "-")
        assert placeholder in script
        script = script.replace(placeholder, shlex.quote(str(value)))
    return script


def type_in(clone: Clone, heading: str, **words: object) -> Finished:
    """Run them as :func:`with_words` has them; all succeed."""
    return ok(clone.shell(with_words(heading, **words)))
