"""Times as stacks record them and commands show them."""

from __future__ import annotations

import datetime as dt


def text_of(time: dt.datetime) -> str:
    """RFC 3339, in UTC, whole seconds: ``2026-01-02T03:04:05Z``."""
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
