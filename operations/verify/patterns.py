"""Which patterns of load ran, read from the workload container's log. Pure."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

_PAUSE = "PAUSE"
_START = "workload generator started"
# 2026-01-31T12:00:00Z RAMP UP: 2 clients for 45 s (pgbench -c 2 -T 45)
_STEP = re.compile(rf"^(\S+Z) ({_START}|[A-Z ]+(?=: (?:no clients|\d+ clients?) for [\d.]+ s\b))")
_FAILURE = re.compile(r"^(\S+Z) ([A-Z ]+): pgbench failed\b")


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """What the generator did in a window.

    Attributes:
        ran: Patterns in the order of their start, the one that was under way when the window began included.
        pausing: Whether a pause between two patterns is all there was.
        starting: Whether the generator has started and is still at its preparations.
        failures: How often pgbench failed.
    """

    ran: tuple[str, ...]
    pausing: bool
    starting: bool
    failures: int


def patterns_since(log: str, start: dt.datetime) -> Patterns:
    """Read a log.

    Args:
        log: Last lines of the generator's log; lines of another form are passed over.
        start: Begin of the window.
    """
    turns: list[tuple[dt.datetime, str]] = []
    for at, name in _found(_STEP, log):
        # A pattern of several steps says its name at each of them.
        if not turns or turns[-1][1] != name:
            turns.append((at, name))
    under_way = [name for at, name in turns if at < start][-1:]
    names = under_way + [name for at, name in turns if at >= start]
    return Patterns(
        ran=tuple(name for name in names if name not in (_PAUSE, _START)),
        pausing=set(names) - {_START} == {_PAUSE},
        starting=bool(turns) and turns[-1][1] == _START,
        failures=sum(at >= start for at, _ in _found(_FAILURE, log)),
    )


def _found(expression: re.Pattern[str], log: str) -> Iterator[tuple[dt.datetime, str]]:
    for line in log.splitlines():
        if match := expression.match(line):
            # Whatever else the branch's generator writes there is no time.
            with contextlib.suppress(ValueError):
                yield dt.datetime.fromisoformat(match[1]), match[2]
