"""Moments of a run at which something happens to it, drawn from a seed, and commands that are killed then.

One comes out of the middle of each equal part of the time that an undisturbed run takes, so that they fall into every
phase. A machine's speed varies, so a run may end before its moment: then nothing has happened to it, and it is
repeated until something has.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.equipment.checkout import Clone
from tests.equipment.processes import kill_tree

_ATTEMPTS = 4


def draw(metafunc: pytest.Metafunc) -> None:
    """Draw the moments of a test, as ``number`` and ``share``: its mark ``moments`` says how many."""
    mark = metafunc.definition.get_closest_marker("moments")
    if mark:
        count = mark.args[bool(metafunc.config.getoption("long"))]
        drawn = moments(f"{metafunc.config.getoption('seed')} {metafunc.definition.name}", count)
        metafunc.parametrize(("number", "share"), list(enumerate(drawn)), ids=[f"{share:.0%}" for share in drawn])


def moments(seed: str, count: int) -> list[float]:
    """Shares of a run, one out of the middle of each equal part of it, in random order."""
    draw = random.Random(seed)
    shares = [(part + 0.2 + 0.6 * draw.random()) / count for part in range(count)]
    draw.shuffle(shares)
    return shares


def killed_after(clone: Clone, seconds: float, *command: str) -> bool:
    """Run ``./preview``, and kill it, the engine and its plugins at once after some time.

    Returns:
        Whether it was killed; else it had succeeded before.
    """
    with clone.started(*command) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
        # It may have ended just before it was to be killed.
        code = process.wait()
    assert code in (0, -signal.SIGKILL), clone.transcript[-1]
    return code != 0


def until_hit(strike: Callable[[float], bool], seconds: float, again: Callable[[], object]) -> None:
    """Let something happen to a run, sooner each time that the run has ended before.

    Args:
        strike: Starts a run, and lets it happen after so many seconds; whether the run was still under way then.
        seconds: When, the first time; each further time after half of it.
        again: Makes what the run has found, after one that has ended before.

    Raises:
        AssertionError: No run was still under way.
    """
    for attempt in range(_ATTEMPTS):
        if strike(seconds / 2**attempt):
            return
        again()
    raise AssertionError(
        f"{_ATTEMPTS} runs had ended before anything happened to them, the last within {seconds / 2**attempt:.2f} s"
    )
