"""The runbook's commands, to be run as they stand there, and the messages that it quotes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.equipment.checkout import Clone, Finished, ok

_COMMAND = re.compile(
    r"(\./preview|base64|docker|du|echo|env|kill|ls|make|pulumi|ss|ssh-add|ssh-keygen|systemctl|unset) "
)
_RUNBOOK = Path(__file__).resolve().parents[2] / "RUNBOOK.md"


def blocks(heading: str) -> list[str]:
    """The blocks of shell commands below a heading, up to the next one.

    Raises:
        KeyError: There is no such heading, or it has no commands.
    """
    sections = re.split(r"^#+ (.+)$", _RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = dict(zip(sections[1::2], sections[2::2], strict=True)).get(heading, "")
    found: list[str] = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    if not found:
        raise KeyError(f"the runbook has no commands below {heading!r}")
    return found


def commands(heading: str) -> str:
    """The same in one piece."""
    return "".join(blocks(heading))


def messages() -> set[str]:
    """What its tables quote of programs: all that is set as code and is no command or name; ``…`` is anything."""
    rows = [line for line in _RUNBOOK.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    set_as_code = [text for row in rows for text in re.findall(r"`([^`]*)`", row)]
    return {text for text in set_as_code if " " in text and re.search("[a-z]", text) and not _COMMAND.match(text)}


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
