"""Everything that a preview and a local base declare."""

from __future__ import annotations

import pytest

from stacks import local as base
from stacks import preview
from tests.equipment.recording import Declared, declare
from tests.policy.declared import BRANCH, SLUG


@pytest.fixture(scope="module")
def of_preview() -> list[Declared]:
    return declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH})


@pytest.fixture(scope="module")
def of_base() -> list[Declared]:
    return declare(base.local, stack="local", config={})
