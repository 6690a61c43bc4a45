"""What is wrong with a branch's configuration, in words: file, line and reason."""

from __future__ import annotations

from dataclasses import dataclass


class ConfigurationError(Exception):
    """A branch's configuration cannot be used; the message names every fault, with file and line."""


@dataclass(frozen=True)
class Fault:
    """One reason not to use a file.

    Attributes:
        file: The file as the caller knows it.
        reason: What is wrong and, where it is not plain, what to do; never a password.
        line: Where, from 1; None where a line says nothing.
    """

    file: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.reason}"


class UnusableError(Exception):
    """A file cannot be read as what it should be.

    Attributes:
        reason: Why, as in ``Fault``.
        line: Where, as in ``Fault``.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def refuse(faults: list[Fault]) -> None:
    """End with every fault at once.

    Raises:
        ConfigurationError: There is a fault.
    """
    if faults:
        raise ConfigurationError("\n".join(dict.fromkeys(map(str, faults))))
