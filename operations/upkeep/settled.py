"""What a clean-up tells of: what became of previews that were due, and what else it has settled."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from operations.errors import OperationError


class StaysError(OperationError):
    """A preview is not due any more."""


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """What became of one preview.

    Attributes:
        stack: Its stack.
        branch: Its branch; empty where nobody knows.
        why: Reason to destroy it, or to put it to sleep.
        result: ``destroyed``, ``asleep``, ``skipped``, ``failed``, or ``due`` in a dry run.
        reason: Why it was skipped or failed.
        seconds: How long it took.
    """

    stack: str
    branch: str
    why: str
    result: str
    reason: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, str | float]:
        """The same, for JSON."""
        return asdict(self)


def reason_of(error: Exception) -> str:
    """Whatever has gone wrong, as the reason of a row."""
    return str(error) if isinstance(error, OperationError) else f"{type(error).__name__}: {error}"


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A difference, or something that was due.

    Attributes:
        branch: Whose; empty where it is about none.
        why: What was found.
        result: ``stopped``, ``kept``, ``kept no longer``, ``destroyed``, ``told``, ``mended``, ``nothing to do``,
            ``skipped``, ``failed``, or ``due`` in a dry run.
        reason: Why it was skipped or failed.
    """

    branch: str
    why: str
    result: str
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same, for JSON."""
        return asdict(self)
