"""What unit tests of several files need."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sh", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that may run a machine's scripts: some do as POSIX says, and some are Bash by its own rules."""
    return str(request.param)
