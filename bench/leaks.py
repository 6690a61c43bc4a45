"""Whether something that should be as before has been left behind. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

Things = Mapping[str, frozenset[str]]
"""Kind, in the plural → names of all things of it."""

_NAMED = 5


def leaked(start: Things, end: Things) -> dict[str, list[str]]:
    """What is there at the end and was not at the start, by kind; kinds of which there is nothing are left out."""
    new = {kind: sorted(names - start.get(kind, frozenset())) for kind, names in end.items()}
    return {kind: names for kind, names in new.items() if names}


def sentence(leaks: Mapping[str, list[str]]) -> str:
    """The verdict."""
    if not leaks:
        return "Nothing leaked: everything that must be as at the start is."
    return f"Leaked: {'; '.join(f'{len(names)} {kind} ({_some(names)})' for kind, names in leaks.items())}."


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
