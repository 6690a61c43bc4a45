"""What somebody has written in a branch does nothing to whoever reads it: to a terminal, to XML, to a mask."""

from __future__ import annotations

import datetime as dt
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operations.printable import printable
from operations.redact import MASK, redact
from operations.verify.branch_files import dashboards_in, dashboards_listed
from operations.verify.browsing import panels_of
from operations.verify.checks import Check
from operations.verify.comparison import compared
from operations.verify.pictures import Drawn
from operations.verify.report import junit_xml
from operations.verify.verdict import panels_filled
from tests.equipment.fakes.grafana import FakeGrafana

HOSTILE = "a\0\x1b[2J\x1b]0;title\x07\x9b1mb\r\x7f\u202ec\ud800\ufffe\x85"
RED = "\x1b[1;31mfailed\x1b[0m"


def harmless(shown: str) -> bool:
    return all(one.isprintable() or one in "\n\t" or unicodedata.category(one) == "Zs" for one in shown)


@given(st.text())
@example(HOSTILE)
@example("\x1b\x1b[m[2J")
def test_whatever_is_written_only_what_can_be_seen_of_it_is_shown(text: str) -> None:
    shown = printable(text)
    assert harmless(shown)
    assert printable(shown) == shown
    assert shown.encode().decode() == shown


def test_words_lines_tabs_and_letters_of_all_languages_stay_and_colours_go() -> None:
    assert printable(f"naïve 東京 🐘 –\n\tit {RED}") == "naïve 東京 🐘 –\n\tit failed"


@given(st.text())
@example(HOSTILE)
def test_whatever_a_check_has_seen_the_junit_report_is_xml(text: str) -> None:
    checks = [Check(name="a", ok=ok, detail=text) for ok in (True, False, None)]
    passed, failed, skipped = ET.fromstring(junit_xml("preview a", checks, 1.5).encode())
    said = {passed[0].text or "", failed[0].get("message"), skipped[0].get("message")}
    assert said == {printable(text)}


def test_titles_and_reasons_of_a_branch_tell_a_terminal_nothing() -> None:
    targets = [{"refId": "A", "datasource": {"type": HOSTILE, "uid": "gone"}}]
    dashboard = {"title": HOSTILE, "panels": [{"title": HOSTILE, "targets": targets}]}
    grafana = FakeGrafana(
        Path(), dashboards={"x": dashboard, "y": {"title": HOSTILE}}, odd={"/api/dashboards/uid/y": (200, HOSTILE)}
    )
    found = panels_of(grafana)
    assert [bool(panel.reason) for panel in found] == [True, True]
    assert all(harmless(text) for panel in found for text in map(str, panel.as_dict().values()))
    listed = dashboards_listed(dashboards_in({HOSTILE: "broken"}), [])
    assert all(harmless(check.detail) and not check.ok for check in (listed, panels_filled(found)))


def test_the_index_of_pictures_shows_titles_that_tell_a_terminal_nothing(tmp_path: Path) -> None:
    def drawn(*titles: str) -> Drawn:
        found: list[dict[str, Any]] = [{"uid": str(place), "title": one} for place, one in enumerate(titles)]
        return Drawn(branch="a", dashboards=found, pictures={})

    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    comparison = compared(drawn("x"), drawn(HOSTILE, HOSTILE), tmp_path, (moment, moment))
    comparison.write_index()
    assert harmless(str(comparison))
    assert harmless((tmp_path / "index.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("written", ["hunter2", "hun\x1b[0mter2", "\x1b[31mhunter2\x1b[m"])
def test_a_password_is_masked_whatever_colours_it_is_written_in(written: str) -> None:
    assert redact(f"a={written}\x07 {RED}\n", {"hunter2"}) == f"a={MASK}  failed\n"
