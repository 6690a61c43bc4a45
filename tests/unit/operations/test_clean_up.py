"""What the command for the clean-up prints of what was done, whatever goes wrong beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from operations.errors import OperationError
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.operations.reaping import PAST

LONG_PAST = PAST.replace("2026", "2020")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInEngine:
    """One preview that has expired, and two bases."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = StandInEngine({"preview-old": preview("old", LONG_PAST)})
    monkeypatch.setattr("cli.session.open_engine", lambda **_: made)
    monkeypatch.setattr("operations.find.bases", lambda engine, base: ["one", "two"])
    for name in ("pages.settle_pages", "orphans.find_orphans", "idle.put_idle_to_sleep"):
        monkeypatch.setattr(f"operations.upkeep.{name}", lambda *_, **__: [])
    return made


@pytest.mark.parametrize("step", ["pages.settle_pages", "orphans.find_orphans", "idle.put_idle_to_sleep"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationError("The machine is away."), "base one: The machine is away."),
        (AttributeError("nobody has thought of this"), "AttributeError where none was expected"),
    ],
    ids=["away", "unexpected"],
)
def test_what_goes_wrong_on_one_base_neither_hides_what_was_done_nor_ends_the_clean_up(
    engine: StandInEngine, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, said: str
) -> None:
    asked = []

    def odd(_: object, name: str, *rest: object, **how: object) -> list[object]:
        asked.append(name)
        if name == "one":
            raise error
        return []

    monkeypatch.setattr(f"operations.upkeep.{step}", odd)
    done = CliRunner().invoke(app, ["reap", "--idle", "24"])
    assert engine.destroyed == ["preview-old"]
    assert asked == ["one", "two"]
    assert done.exit_code == 1
    assert "destroyed" in done.stdout
    assert said in done.stderr
