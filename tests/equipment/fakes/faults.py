"""Faults that a test orders from a fake: errors for the next requests, and a rate limit."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass


@dataclass
class Fault:
    """So many requests still to be answered with an error."""

    status: int
    times: int
    retry_after: float | None
    method: str | None
    path: str | None

    def hits(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return (self.method is None or self.method == method) and (
            self.path is None or re.search(self.path, path) is not None
        )


class TokenBucket:
    """A burst of requests that refills evenly."""

    def __init__(self, limit: int, per_seconds: float) -> None:
        """Start full."""
        self.limit = limit
        self.per_seconds = per_seconds
        self._left = float(limit)
        self._seen = time.monotonic()

    def _refill(self) -> None:
        instant = time.monotonic()
        self._left = min(self.limit, self._left + (instant - self._seen) * self.limit / self.per_seconds)
        self._seen = instant

    def take(self) -> bool:
        """Use one request up, if one is left."""
        self._refill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def remaining(self) -> int:
        """Requests left now."""
        self._refill()
        return int(self._left)

    @property
    def full_at(self) -> int:
        """Unix time at which the whole burst is there again."""
        self._refill()
        return int(time.time() + (self.limit - self._left) * self.per_seconds / self.limit) + 1
