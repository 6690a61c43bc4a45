"""Keeps secrets, what controls a terminal, and more words than anybody reads, out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from operations.printable import printable

MASK = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret masked, as far as it can be seen."""
    # First, so that nothing invisible parts a secret.
    text = printable(text)
    # The longest first: one may be part of another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def sentence_of(text: str, most: int = 240) -> str:
    """The first sentence of a text, in one line and cut."""
    line = " ".join(text.split())
    first = re.match(r".+?[.!?](?=\s)", line)
    sentence = first[0] if first else line
    return sentence if len(sentence) <= most else f"{sentence[: most - 1].rstrip()}…"
