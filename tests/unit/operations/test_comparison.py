"""Dashboards of two previews side by side: what is new, gone or different is shown and not judged."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.engine.snapshot import Snapshot
from operations.errors import BadInputError
from operations.machine.entrance import Entrance
from operations.verify.comparison import Comparison, Pair, escaped
from operations.verify.differences import differences
from operations.verify.drawing import pictures
from operations.verify.pictures import Site
from tests.equipment.fakes.grafana import FakeGrafana, base
from tests.unit.operations.engine import StandInEngine, preview
from tests.unit.operations.test_screenshots import stand_in

_DRAWS = """
for one; do case $one in --screenshot=*) head -c 30000 /dev/zero > "${one#--screenshot=}";; https*) address=$one;; esac
done
echo "$address" >> "$(dirname "$0")/addresses"
"""


def board(*panels: Any, **more: Any) -> dict[str, Any]:
    return {"title": "Board", "panels": list(panels), **more}


def panel(title: str, expression: str = "up", **more: Any) -> dict[str, Any]:
    return {"title": title, "type": "timeseries", "targets": [{"expr": expression}], **more}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (board(panel("A")), board(panel("A")), []),
        (board(panel("A", id=1, gridPos={"y": 0})), board(panel("A", id=2, gridPos={"y": 8}), version=7), []),
        (board(panel("A")), board(panel("A"), panel("B")), ["panel “B” is new"]),
        (board(panel("A"), panel("B")), board(panel("A")), ["panel “B” is gone"]),
        (board(panel("A")), board(panel("A", "down", type="stat")), ["panel “A” has changed (targets, type)"]),
        (board(panel("A"), panel("A", "x")), board(panel("A", "x"), panel("A", "y")),
         ["panel “A” has changed (targets)"]),
        (board(panel("A")), board({"type": "row", "title": "R", "panels": [panel("A")]}), ["panel “R” is new"]),
        (board({"type": "text"}), board(), ["panel without a title (text) is gone"]),
        (board(title="Old"), board(title="New"), ["the title was “Old”"]),
        (board(), board(refresh="5s"), ["settings have changed (refresh)"]),
        (
            board(templating={"list": [{"name": "v", "query": "a", "current": 1}, {"name": "w"}]}),
            board(templating={"list": [{"name": "v", "query": "b", "current": 2}, {"name": "x"}]}),
            ["variable v has changed (query)", "variable x is new", "variable w is gone"],
        ),
        (board(1, None, "x"), {"panels": {"a": 1}, "title": "Board", "templating": [3]}, []),
    ],
)  # fmt: skip
def test_what_differs_is_said_in_words(before: dict[str, Any], after: dict[str, Any], words: list[str]) -> None:
    assert list(differences(before, after)) == words


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[FakeGrafana, FakeGrafana]]:
    for name in ("a", "main"):
        (tmp_path / name).mkdir()
    with FakeGrafana(tmp_path / "a") as after, FakeGrafana(tmp_path / "main", host="preview-main.localhost") as before:
        yield after, before


def drawn(after: FakeGrafana, before: FakeGrafana, folder: Path, against: str = "main") -> Any:
    states = {
        "preview-main": preview("main", url=before.url, base="other"),
        "other": Snapshot(outputs=base(before.port).model_dump()),
    }
    entrance = Entrance(address="127.0.0.1", port=after.port, http_port=80, certified=False)
    site = Site(branch="a", url=after.url, entrance=entrance)
    return pictures(StandInEngine(states=states).engine, stand_in(folder, _DRAWS), site, folder / "out", against)


def found(sites: tuple[FakeGrafana, FakeGrafana], folder: Path) -> Comparison:
    checks, comparison = drawn(*sites, folder)
    assert [check.ok for check in checks] == [True, True], checks
    assert isinstance(comparison, Comparison)
    return comparison


def test_dashboards_are_paired_by_id_and_each_has_its_pictures(
    sites: tuple[FakeGrafana, FakeGrafana], tmp_path: Path
) -> None:
    after, before = sites
    after.dashboards = {"same": board(panel("A")), "more": board(panel("A"), panel("B")), "new": board()}
    before.dashboards = {"same": board(panel("A")), "more": board(panel("A")), "gone": board()}
    comparison = found(sites, tmp_path)
    assert {pair.uid: pair.state for pair in comparison.pairs} == {
        "more": "different",
        "new": "new",
        "gone": "gone",
        "same": "the same",
    }
    assert comparison.pairs[-1].uid == "same", "those that differ come first"
    rows = {row["uid"]: row for row in json.loads((tmp_path / "out/index.json").read_text())["pairs"]}
    assert (rows["more"]["before"], rows["more"]["after"]) == ("before/more.png", "more.png")
    assert (rows["new"]["before"], rows["gone"]["after"]) == (None, None)
    for row in rows.values():
        for picture in filter(None, (row["before"], row["after"])):
            assert (tmp_path / "out" / picture).stat().st_size == 30_000


def test_both_are_drawn_at_one_range_of_time(sites: tuple[FakeGrafana, FakeGrafana], tmp_path: Path) -> None:
    comparison = found(sites, tmp_path)
    addresses = (tmp_path / "addresses").read_text().split()
    assert len(addresses) == 4
    (query,) = {address.partition("?")[2] for address in addresses}
    start, end = (int(part.partition("=")[2]) for part in query.split("&"))
    assert end - start == 30 * 60 * 1000
    assert dt.datetime.fromtimestamp(end // 1000, dt.UTC) == comparison.end.replace(microsecond=0)


@pytest.mark.parametrize("against", ["nobody", "///", "main"])
def test_a_preview_that_cannot_be_drawn_beside_it_is_no_failure(
    sites: tuple[FakeGrafana, FakeGrafana], tmp_path: Path, against: str
) -> None:
    sites[1].login_needed = True
    (alone, beside), comparison = drawn(*sites, tmp_path, against)
    assert (alone.ok, beside.ok, comparison) == (True, None, None)
    assert against in beside.detail
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_titles_of_dashboards_are_only_text_in_the_index(tmp_path: Path) -> None:
    title = "<script>alert(1)</script> ![x](//evil) | `a`\n# b"
    pair = Pair(uid="u", title=title, state="new", before=None, after=tmp_path / "u.png", words=(title,))
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    Comparison(branch="a", against="b_*c*", start=moment, end=moment, directory=tmp_path, pairs=(pair,)).write_index()
    text = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "![x]" not in text
    assert "b\\_\\*c\\*" in text
    assert "\n# b" not in text
    assert "![after](u.png)" in text
    assert escaped("a\nb") == "a"


def test_pictures_need_a_directory() -> None:
    from cli.verify import verify

    with pytest.raises(BadInputError, match="say with --screenshots DIR"):
        verify("a", against="main")
