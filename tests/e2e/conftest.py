"""The production base on a stand-in for the VM, with fakes of both clouds and a real ACME server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.equipment.production import Production, running_production


@pytest.fixture(scope="package")
def production(tmp_path_factory: pytest.TempPathFactory, engine: Any) -> Iterator[Production]:
    """One for all files, each of which brings its base up first and destroys it at last."""
    with running_production(engine, tmp_path_factory.mktemp("operator")) as made:
        yield made
