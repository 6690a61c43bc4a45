"""What tests need that is no part of the project is asked for in one sentence; nothing is tested less without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment import foreign


def test_what_is_missing_is_named_with_the_way_to_it(tmp_path: Path) -> None:
    with pytest.raises(foreign.MissingError) as error:
        foreign.require(tmp_path / "config")
    for part in (str(tmp_path / "config"), "shared/ beside the checkout", "PGAI_FOREIGN_CONFIG"):
        assert part in str(error.value)


def test_dashboards_are_those_of_both_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {path.name for path in foreign.OWN.glob("grafana/dashboards/*.json")}
    assert own < foreign.dashboards().keys()
    monkeypatch.setattr(foreign, "FOREIGN", tmp_path / "nowhere")
    with pytest.raises(foreign.MissingError):
        foreign.dashboards()
