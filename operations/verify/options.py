"""The values that a variable offers: filtered, cut out and sorted as its dashboard says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_NUMBER = re.compile(r"\d+", re.ASCII)
_ALPHABETICAL, _NUMERICAL, _CASELESS, _NATURAL = 0, 1, 2, 3


@dataclass(frozen=True)
class Option:
    """What is shown, and what stands in queries."""

    label: str
    value: str


def options_of(answers: Iterable[Option], expression: str, sort: Any) -> list[Option]:
    """What the page offers of the answers to a variable's query.

    Args:
        answers: The answers.
        expression: The variable's regular expression, plain or as ``/…/flags``; empty for none.
        sort: How to sort, as a dashboard numbers it: 0 not, then by letters, numbers, letters of any case, naturally,
            each up and down.

    Raises:
        ValueError: The regular expression cannot be used.
    """
    found: dict[str, Option] = {}
    for option in _matching(answers, expression) if expression else answers:
        found.setdefault(option.value, option)
    return _sorted(list(found.values()), sort)


def custom_options(query: str) -> list[Option]:
    r"""Values of a variable that lists them: ``one, label : two, with\, comma``."""
    found = []
    for item in re.findall(r"(?:\\,|[^,])+", query):
        written = item.replace(r"\,", ",")
        pair = re.fullmatch(r"(.+)\s:\s(.+)", written)
        found.append(Option(pair[1].strip(), pair[2].strip()) if pair else Option(written.strip(), written.strip()))
    return found


def expression_of(written: str) -> tuple[re.Pattern[str], bool]:
    """A regular expression as JavaScript writes it, and whether all its matches count.

    Raises:
        ValueError: It cannot be used.
    """
    body, flags = f"^{written}$", ""
    if written.startswith("/"):
        match = re.fullmatch(r"/(.*?)/(g?i?m?y?s?)", written, re.DOTALL)
        if match is None:
            raise ValueError(f"{written!r} is not a valid regular expression")
        body, flags = match[1], match[2]
    options = 0
    for flag in flags:
        options |= _FLAGS.get(flag, 0)
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", body), options), "g" in flags
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{written!r} is not a valid regular expression: {error}") from error


def _matching(answers: Iterable[Option], expression: str) -> Iterator[Option]:
    pattern, several = expression_of(expression)
    for option in answers:
        matches = list(pattern.finditer(option.value)) if several else [pattern.search(option.value)]
        found = [match for match in matches if match]
        if not found:
            continue
        value = next((match["value"] for match in found if match.groupdict().get("value")), None)
        label = next((match["text"] for match in found if match.groupdict().get("text")), None)
        grouped = pattern.groups > 0
        if value or label:
            yield Option(label or value or "", value or label or "")
        elif grouped and len(found) > 1:
            yield from (Option(match[1] or "", match[1] or "") for match in found)
        elif grouped:
            yield Option(found[0][1] or "", found[0][1] or "")
        else:
            yield option


def _sorted(options: list[Option], sort: Any) -> list[Option]:
    if not isinstance(sort, int) or not 1 <= sort <= 8:
        return options
    kind, downwards = divmod(sort - 1, 2)

    def key(option: Option) -> Any:
        if kind == _NUMERICAL:
            number = _NUMBER.search(option.label)
            return int(number[0][:30]) if number else -1
        if kind == _CASELESS:
            return option.label.lower()
        if kind == _NATURAL:
            return [
                (int(piece[:30]), "") if piece.isdecimal() else (-1, piece.lower())
                for piece in re.split(r"([0-9]+)", option.label)
            ]
        return option.label

    ordered = sorted(options, key=key)
    return ordered[::-1] if downwards else ordered
