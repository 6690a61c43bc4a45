"""Other people's text where it is shown, on a terminal, in XML or in Markdown: only what can be seen of it."""

from __future__ import annotations

import re
import unicodedata

# Control characters, those that turn the order of letters about, halves of characters, and what is none.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# What tells a terminal to use another colour, to go back, or to forget what it shows.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def printable(text: str) -> str:
    """The text without a terminal's control sequences, and with a blank for every other character that is invisible.

    Ends of lines and tabs stay.
    """
    return "".join(
        " " if character not in "\n\t" and unicodedata.category(character) in _INVISIBLE else character
        for character in _SEQUENCE.sub("", text)
    )
