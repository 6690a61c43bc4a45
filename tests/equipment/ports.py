"""Ports that a test may listen on later."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below those that the kernel and Docker hand out by themselves (from 32768): a port that is free now and is bound only
# seconds later must not have become the source of somebody's connection or a container's published one meanwhile.
_FIRST, _LAST = 20_000, 31_999
_candidates = itertools.cycle(random.Random(os.urandom(8)).sample(range(_FIRST, _LAST + 1), k=_LAST - _FIRST + 1))


def free_port() -> int:
    """A TCP port that nobody listens on at any address; never the same twice within 12,000 questions."""
    for port in itertools.islice(_candidates, _LAST - _FIRST + 1):
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port between {_FIRST} and {_LAST} is free")


def free_ports(count: int) -> list[int]:
    """So many of them, all different."""
    return [free_port() for _ in range(count)]
