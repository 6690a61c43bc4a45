"""Which machines a list asks."""

from __future__ import annotations

from typing import Any

import pytest

from operations.errors import OperationError
from operations.listing import previews
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.operations.reaping import FUTURE, NOW


@pytest.mark.parametrize(("base", "asked"), [("", ["local", "other"]), ("local", ["local"])])
def test_a_list_of_one_base_does_not_wait_for_the_machines_of_others(
    monkeypatch: pytest.MonkeyPatch, base: str, asked: list[str]
) -> None:
    engine = StandInEngine(
        {"preview-a": preview("a", FUTURE), "preview-b": preview("b", FUTURE, base="other"), "preview-c": preview("c")}
    )
    found: list[str] = []

    def away(_: object, name: str) -> Any:
        found.append(name)
        raise OperationError("It does not answer.")

    monkeypatch.setattr("operations.listing.machine_at", away)
    rows = previews(engine.engine, NOW, base)
    assert found == asked
    assert {row.slug for row in rows} == ({"a", "c"} if base else {"a", "b", "c"})
