"""Moments of a run at which something happens to it, drawn from a seed.

One comes out of each equal part of the time that an undisturbed run takes, so that they fall into every phase.
"""

from __future__ import annotations

import random

import pytest


def draw(metafunc: pytest.Metafunc) -> None:
    """Draw the moments of a test, as ``number`` and ``share``: its mark ``moments`` says how many."""
    mark = metafunc.definition.get_closest_marker("moments")
    if mark:
        count = mark.args[bool(metafunc.config.getoption("long"))]
        drawn = moments(f"{metafunc.config.getoption('seed')} {metafunc.definition.name}", count)
        metafunc.parametrize(("number", "share"), list(enumerate(drawn)), ids=[f"{share:.0%}" for share in drawn])


def moments(seed: str, count: int) -> list[float]:
    """Shares of a run, one out of each equal part of it, in random order."""
    draw = random.Random(seed)
    shares = [(part + draw.random()) / count for part in range(count)]
    draw.shuffle(shares)
    return shares
