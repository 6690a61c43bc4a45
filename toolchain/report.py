"""What set-up tells its caller. Nothing in this package prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

How = Literal["found", "downloaded", "built from source", "stand-in"]


class SetupError(Exception):
    """Set-up cannot go on. The message is one sentence: what, why, what to do."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One artefact and how it came to be there.

    Attributes:
        name: For a person.
        version: Empty where the artefact has none.
        how: The way it was had, now or by an earlier run.
        detail: Where it is, or why another way was not taken.
        seconds: What this run spent on it.
    """

    name: str
    version: str
    how: How
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class SetupResult:
    """Everything that set-up made sure of, in the order it did."""

    rows: tuple[Row, ...]
    seconds: float


class Reporter(Protocol):
    """Shows how set-up gets on."""

    def start(self, name: str) -> None:
        """Work on an artefact begins."""

    def progress(self, name: str, fraction: float | None, text: str) -> None:
        """How far it is, from 0 to 1, or None where nobody knows."""

    def done(self, row: Row) -> None:
        """It is there."""
