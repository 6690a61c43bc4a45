"""Errors that reach a user, each one clear sentence, with the exit code that scripts rely on."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar


class OperationError(Exception):
    """Something did not work; the message says what, why and what to do."""

    exit_code: ClassVar[int] = 1


class BadInputError(OperationError):
    """The command was given something that cannot be used."""

    exit_code = 2


class RefusedError(OperationError):
    """A rule forbids it: another branch owns the slug, an image cannot be pulled, no room."""

    exit_code = 3


class LockedError(OperationError):
    """Another operation holds the preview."""

    exit_code = 4


class InterruptedOperationError(KeyboardInterrupt):
    """Somebody asked the command to stop; what was made has been removed or put back.

    Nobody who gets along with a failure, or tries again after one, shall take it for one.

    Attributes:
        signal_number: What it was asked with.
    """

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class UnhealthyError(OperationError):
    """A container of the preview is not well; what could not be kept has been removed or put back.

    Attributes:
        logs: Container → its last lines.
    """

    exit_code = 5

    def __init__(self, message: str, logs: dict[str, str]) -> None:
        super().__init__(message)
        self.logs = logs


class NotFoundError(OperationError):
    """There is no such preview."""

    exit_code = 6


class NotFulfilledError(OperationError):
    """The preview is up, but not what a preview has to be; names what is missing."""

    exit_code = 7


class EngineError(OperationError):
    """The Pulumi engine reported failure; the message holds its own words, without progress and traces.

    Attributes:
        failed: Kinds of the resources that failed, such as ``Container``.
    """

    def __init__(self, message: str, failed: Collection[str] = ()) -> None:
        super().__init__(message)
        self.failed = frozenset(failed)


def words_of(error: BaseException) -> str:
    """What an error says; of one that nobody has thought of, also what it is."""
    if isinstance(error, OperationError):
        return str(error)
    return f"{type(error).__name__} where none was expected ({error})."
