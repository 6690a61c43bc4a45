"""The course of a verification, against a fake Grafana and a stand-in for the engine."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.verify_table import verify_table
from operations.engine.snapshot import Snapshot
from operations.errors import NotFoundError
from operations.verify import waiting
from operations.verify.checks import Address, Check
from operations.verify.verify import Verification, VerifyRequest, verify
from tests.equipment.fakes.grafana import FakeGrafana, base
from tests.unit.operations.engine import StandInEngine, preview

Verify = Callable[..., Verification]


@pytest.fixture
def grafana(tmp_path: Path) -> Iterator[FakeGrafana]:
    with FakeGrafana(tmp_path) as running:
        yield running


@pytest.fixture
def counted() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def noted() -> list[str]:
    return []


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Folder of the dashboards that the preview's Grafana reads."""
    folder = tmp_path / "previews/a/config/grafana"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def run(
    grafana: FakeGrafana, files: Path, counted: list[tuple[int, int]], noted: list[str], monkeypatch: pytest.MonkeyPatch
) -> Verify:
    """Verifies the fake's preview, impatiently; there is no plain http and no Docker engine."""
    monkeypatch.setattr(waiting, "_ASK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "DATA_WITHIN_SECONDS", 0.2)
    monkeypatch.setattr(Address, "redirects", lambda self: Check(name="http leads to https", ok=True, detail=""))
    local = Snapshot(outputs={**base(grafana.port).model_dump(), "host_directory": str(files.parents[3])})
    engine = StandInEngine(states={"preview-a": preview("a", url=grafana.url), "local": local}).engine

    def verified(branch: str = "a", **options: Any) -> Verification:
        return verify(
            engine,
            VerifyRequest(branch=branch, **options),
            noted.append,
            lambda done, total: counted.append((done, total)),
        )

    return verified


def check(result: Verification, name: str) -> Check:
    return next(check for check in result.checks if check.name == name)


def test_a_window_that_is_there_already_is_not_waited_for(
    run: Verify, counted: list[tuple[int, int]], noted: list[str]
) -> None:
    result = run()
    assert result.ok, result.checks
    assert check(result, "the activity varies").ok
    assert result.seconds < 5
    assert all(done == total for done, total in counted)
    assert not any("waiting" in note for note in noted)


def test_what_a_window_lacks_is_waited_for_with_progress(
    run: Verify, grafana: FakeGrafana, counted: list[tuple[int, int]], noted: list[str]
) -> None:
    began, older = time.time(), iter(range(10**6))
    # The preview is two minutes old, until it has been asked for older samples a few times.
    grafana.curve = lambda at: 100.0 if at > began - 120 or next(older) > 200 else None
    run()
    shares = [done / total for done, total in counted]
    assert shares[0] < 0.3
    assert shares[-1] == 1
    assert any(re.fullmatch(r"waiting 4[5-9]\d s for what the window of 10 min lacks", note) for note in noted), noted


def test_a_preview_that_measures_nothing_is_not_waited_for_to_the_end(run: Verify, grafana: FakeGrafana) -> None:
    grafana.curve = lambda at: None
    result = run()
    assert result.seconds < 5
    assert check(result, "the activity varies").detail == "only 0 of 60 samples are there"
    assert not result.ok


def test_a_constant_load_is_found(run: Verify, grafana: FakeGrafana) -> None:
    grafana.curve = lambda at: 100.0
    result = run()
    assert [missing.name for missing in result.missing] == ["the activity varies"]


def test_nothing_is_waited_for_where_a_viewer_cannot_even_look(
    run: Verify, grafana: FakeGrafana, counted: list[tuple[int, int]]
) -> None:
    grafana.login_needed = True
    result = run()
    assert counted == []
    assert {"anyone may look", "every panel has data"} <= {missing.name for missing in result.missing}


def test_who_does_not_wait_gets_what_there_is(run: Verify, counted: list[tuple[int, int]]) -> None:
    assert run(wait=False, minutes=1).ok
    assert counted == []


def test_an_engine_that_cannot_be_asked_leaves_the_workload_open(run: Verify) -> None:
    workload = check(run(), "the workload runs")
    assert workload.ok is None
    assert "does not answer" in workload.detail


def test_another_branch_of_the_same_slug_has_no_preview(run: Verify) -> None:
    with pytest.raises(NotFoundError, match="'A'"):
        run(branch="A")


LISTED = "every dashboard of the branch is listed"


def test_a_dashboard_of_the_branch_that_is_not_listed_is_named(run: Verify, files: Path) -> None:
    (files / "tables.json").write_text('{"uid": "pgai-tables", "title": "Tables"}')
    assert check(run(), LISTED).detail == "1 of 1 are listed"
    (files / "more").mkdir()
    (files / "more/gone.json").write_text('{"uid": "gone", "title": "Gone"}')
    assert [missing.detail for missing in run().missing] == ["1 of 2 are listed; missing: Gone"]


def test_files_of_a_branch_that_cannot_be_read_are_no_fault_of_the_preview(run: Verify, files: Path) -> None:
    files.rmdir()
    assert check(run(), LISTED).ok is None


def test_the_result_has_every_panel_with_its_reason(run: Verify, grafana: FakeGrafana) -> None:
    grafana.empty = {"Tables"}
    result = run(wait=False)
    assert result.as_dict()["panels"] == [
        {"dashboard": "Activity", "panel": "Curve", "ok": True, "counted": True, "reason": ""},
        {
            "dashboard": "Tables", "panel": "Curve", "ok": False, "counted": True,
            "reason": "metric Tables does not exist",
        },
    ]  # fmt: skip
    assert [missing.name for missing in result.missing] == ["every panel has data"]


def test_what_grafana_should_never_answer_is_a_check_that_failed(run: Verify, grafana: FakeGrafana) -> None:
    grafana.odd["/api/search"] = (200, {"not": "a list"})
    result = run(wait=False)
    details = {missing.name: missing.detail for missing in result.missing}
    assert details["anyone may look"] == "the answer is no list of dashboards"
    assert {LISTED, "every panel has data"} <= details.keys()


@pytest.mark.parametrize("odd", [b"1e999", b"NaN", b"-Infinity"])
def test_a_curve_that_no_one_could_draw_is_as_good_as_none(run: Verify, grafana: FakeGrafana, odd: bytes) -> None:
    for place in (b"[[1, 2, 3], [1, 2, %s]]", b"[[1, 2, %s], [1, 2, 3]]"):
        values = b'{"results": {"A": {"frames": [{"data": {"values": ' + place % odd + b"}}]}}}"
        grafana.odd["/api/ds/query"] = (200, values)
        result = run(wait=False)
        assert check(result, "the activity varies").detail == "only 0 of 60 samples are there"
        Console(file=io.StringIO()).print(verify_table(result))
