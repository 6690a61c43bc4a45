"""What unit tests of several files need."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(params=["sh", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that may run a machine's scripts: some do as POSIX says, and some are Bash by its own rules."""
    return str(request.param)


@pytest.fixture
def heard() -> Iterator[None]:
    """Programs hear Ctrl-C, also where these tests run in the background, which would have them ignore it."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)
