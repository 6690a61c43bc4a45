"""What tests of several folders need."""

from __future__ import annotations

import secrets
from typing import Any

import docker
import pytest


@pytest.fixture(scope="session")
def engine() -> Any:
    """The Docker engine. A test that needs one fails where there is none."""
    return docker.from_env()


@pytest.fixture(scope="session")
def token() -> str:
    """Keeps what this run makes apart from everything else on the engine."""
    return f"t{secrets.token_hex(3)}"
