"""What a clean-up has settled beside destroying previews."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A difference, or something that was due.

    Attributes:
        branch: Whose; empty where it is about none.
        why: What was found.
        result: ``stopped``, ``kept``, ``kept no longer``, ``told``, ``mended``, ``skipped``, ``failed``, or ``due`` in
            a dry run.
        reason: Why it was skipped or failed.
    """

    branch: str
    why: str
    result: str
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same, for JSON."""
        return asdict(self)
