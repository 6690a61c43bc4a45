"""The commands of the runbook, to be run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

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
