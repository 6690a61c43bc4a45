"""Moments at which commands are killed, drawn from a seed; a module of tests that draws them imports the hook."""

from __future__ import annotations

import random

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Draw the moments of a test: its mark says how many."""
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
