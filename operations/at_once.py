"""The same for many things at once: a machine behind SSH is far away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


def at_once(ask: Callable[[Thing], Answer], things: Sequence[Thing]) -> list[Answer]:
    """What comes of each, in their order; what one of them raises is raised once all have ended."""
    with ThreadPoolExecutor(max(1, len(things))) as pool:
        return list(pool.map(ask, things))
