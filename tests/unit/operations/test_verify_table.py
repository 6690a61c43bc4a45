"""The result of a verification: as JSON, as JUnit XML, on a terminal, as an error."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from cli.verify import verify_with_progress
from cli.verify_table import sparkline, verify_line, verify_table
from operations.errors import BadInputError, NotFoundError, NotFulfilledError
from operations.verify.activity import Samples
from operations.verify.checks import Check, listed
from operations.verify.report import junit_xml
from operations.verify.verify import TPS, Verification, VerifyRequest
from tests.unit.operations.engine import StandInEngine

PASSED = Check(name="the name resolves", ok=True, detail="preview-a.localhost is 127.0.0.1")
FAILED = Check(
    name="every panel has data", ok=False, detail="1 of 2 panels have data; empty: Activity / [Locks] & more"
)
UNTOLD = Check(name="the activity varies", ok=None, detail="1 min can show that it varies, not that it does not")


def result(*checks: Check, minutes: int = 10, samples: Samples = ((1.0, 0.0), (2.0, 7.0))) -> Verification:
    return Verification(
        branch="feature/a",
        url="https://preview-feature-a.localhost:8443",
        commit="0123456789ab",
        minutes=minutes,
        checks=checks,
        series={TPS: samples, "connections": ()},
        seconds=1.5,
    )


def printed(verification: Verification) -> str:
    stream = io.StringIO()
    Console(file=stream, width=160).print(verify_table(verification))
    return stream.getvalue()


def test_json_has_ok_checks_and_series() -> None:
    found = json.loads(json.dumps(result(PASSED, FAILED, UNTOLD).as_dict()))
    assert found["ok"] is False
    assert [row["ok"] for row in found["checks"]] == [True, False, None]
    assert all(set(row) == {"name", "ok", "detail"} for row in found["checks"])
    assert found["series"] == {TPS: [[1.0, 0.0], [2.0, 7.0]], "connections": []}
    assert found["url"] == "https://preview-feature-a.localhost:8443"
    assert found["minutes"] == 10
    assert found["panels"] == []


def test_what_cannot_be_told_is_no_failure() -> None:
    assert result(PASSED, UNTOLD).ok
    result(PASSED, UNTOLD).require()


def test_what_is_missing_ends_with_exit_code_7_and_is_named() -> None:
    with pytest.raises(NotFulfilledError, match=r"every panel has data – 1 of 2 panels .*Locks") as refused:
        result(PASSED, FAILED, UNTOLD).require()
    assert refused.value.exit_code == 7
    assert "the name resolves" not in str(refused.value)


def test_junit_has_a_case_for_each_check() -> None:
    suite = ET.fromstring(junit_xml("preview feature/a", [PASSED, FAILED, PASSED, UNTOLD], 1.5))
    assert suite.attrib == {
        "name": "preview feature/a", "time": "1.5", "errors": "0", "tests": "4", "failures": "1", "skipped": "1",
    }  # fmt: skip
    passed, failed, _, untold = suite.findall("testcase")
    assert passed.get("name") == "the name resolves"
    assert passed.findtext("system-out") == PASSED.detail
    assert (failure := failed.find("failure")) is not None
    assert failure.get("message") == FAILED.detail
    assert untold.find("skipped") is not None


def test_the_table_has_a_row_a_check_and_a_curve_a_series() -> None:
    text = printed(result(PASSED, FAILED, UNTOLD))
    for check, mark in ((PASSED, "✓"), (FAILED, "✗"), (UNTOLD, "?")):
        (line,) = [line for line in text.splitlines() if check.name in line]
        assert line.startswith(mark)
        assert check.detail in line
    assert "▁█" in text
    assert "no data" in text
    assert "less than 10 min" not in text


def test_a_short_window_says_what_it_cannot_tell() -> None:
    assert "can show that the activity varies, not that it does not" in printed(result(PASSED, minutes=3))


def test_the_line_counts_what_passed_and_what_is_open() -> None:
    assert verify_line(result(PASSED, UNTOLD)) == "1 of 2 checks passed, 1 cannot be told yet · TPS ▁█"


def test_a_sparkline_starts_at_zero_and_fits_a_terminal() -> None:
    assert sparkline([(0.0, 50.0), (1.0, 100.0)]) == "▅█"
    assert sparkline([(0.0, 0.0), (1.0, 0.0)]) == "▁▁"
    assert sparkline([]) == ""
    assert len(sparkline([(float(place), 1.0) for place in range(1000)])) <= 61


def test_many_names_are_cut() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(12)]).endswith("8, 9 and 2 more")


@pytest.mark.parametrize("option", ["junit", "pictures"])
def test_a_directory_that_cannot_be_made_is_bad_input_at_once(option: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "in" / "it"
    request = VerifyRequest(branch="a", pictures=path if option == "pictures" else None)
    with pytest.raises(BadInputError, match="cannot be made"):
        verify_with_progress(StandInEngine().engine, request, junit=path if option == "junit" else None)


def test_the_report_for_ci_gets_its_directory(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        verify_with_progress(StandInEngine().engine, VerifyRequest(branch="a"), junit=tmp_path / "new/verify.xml")
    assert (tmp_path / "new").is_dir()


def test_a_directory_in_the_place_of_the_report_for_ci_is_bad_input_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is a directory: name a file"):
        verify_with_progress(StandInEngine().engine, VerifyRequest(branch="a"), junit=tmp_path)
