"""The production base on a stand-in for the VM, with fakes of both clouds and a real ACME server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.equipment.production import Production, running_production


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, engine: Any) -> Iterator[Production]:
    """What the tests of a file share."""
    with running_production(engine, tmp_path_factory.mktemp("operator")) as made:
        yield made
