"""The definition of done, asked of live previews by the command that an operator types."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from stacks.names import slug_of
from tests.engine.world import World
from tests.equipment.checkout import ARTIFACTS, Finished

pytestmark = pytest.mark.engine

CHECKS = [
    "the name resolves",
    "the certificate is valid",
    "http leads to https",
    "anyone may look",
    "nobody may edit",
    "every dashboard opens",
    "every dashboard of the branch is listed",
    "every panel has data",
    "the workload runs",
    "the activity varies",
    "pictures of every dashboard",
    "a picture on the page of all previews",
]
DASHBOARDS = {"pgai-activity", "pgai-preview", "pgai-statements", "pgai-tables"}


@pytest.fixture(scope="module")
def verified(world: World) -> Finished:
    """A verification of a live preview with everything that the command can be asked for."""
    shutil.rmtree(ARTIFACTS / "verify", ignore_errors=True)
    return world.clone.preview(
        "verify", world.first, "--minutes", "1", "--json",
        "--screenshots", str(ARTIFACTS / "verify"), "--junit", str(ARTIFACTS / "verify.xml"),
    )  # fmt: skip


def test_a_live_preview_is_what_it_has_to_be(verified: Finished) -> None:
    assert verified.code == 0, verified.text
    found = json.loads(verified.stdout)
    assert found["ok"] is True
    assert [row["name"] for row in found["checks"]] == CHECKS
    # A minute may lie within one pattern: then nothing can be said about the variation.
    assert [row for row in found["checks"] if not row["ok"] and row["name"] != "the activity varies"] == []
    details = {row["name"]: row["detail"] for row in found["checks"]}
    assert "the reverse proxy's own" in details["the certificate is valid"]
    assert details["every dashboard opens"] == "4 of 4 open"


def test_the_activity_of_the_window_is_told_as_numbers(verified: Finished) -> None:
    series = json.loads(verified.stdout)["series"]
    assert set(series) == {"transactions per second", "connections", "statement latency, ms"}
    for name, samples in series.items():
        assert len(samples) >= 4, name
        times = [at for at, _ in samples]
        assert times == sorted(times)
        assert times[-1] - times[0] <= 60


def test_each_dashboard_has_a_picture(verified: Finished) -> None:
    pictures = {path.stem: path.stat().st_size for path in (ARTIFACTS / "verify").glob("*.png")}
    assert set(pictures) == DASHBOARDS
    assert min(pictures.values()) > 30_000, pictures


def test_the_page_of_all_previews_shows_what_the_preview_looks_like(verified: Finished, world: World) -> None:
    address = f"https://127.0.0.1:{world.clone.ports['httpsPort']}"
    path = f"/pictures/{slug_of(world.first)}.webp"
    with httpx.Client(base_url=address, headers={"Host": "previews.localhost"}, verify=False, timeout=30) as page:
        shown = page.get("/").text
        assert f'src="{path}"' in shown
        assert f'src="/pictures/{slug_of(world.second)}.webp"' not in shown, "nobody has taken one of it"
        picture = page.get(path)
        assert page.get("/pictures/../index.html").status_code == 404
        assert page.get(f"/pictures/{slug_of(world.second)}.webp").status_code == 404
    assert picture.headers["Content-Type"] == "image/webp"
    assert picture.content[8:12] == b"WEBP"
    assert len(picture.content) > 3_000, "a blank one is smaller"
    (ARTIFACTS / "page-picture.webp").write_bytes(picture.content)


def test_ci_gets_a_test_report(verified: Finished) -> None:
    suite = ET.parse(ARTIFACTS / "verify.xml").getroot()
    assert [case.get("name") for case in suite.findall("testcase")] == CHECKS
    assert suite.get("failures") == "0"


def test_a_branch_without_a_preview_is_refused(world: World) -> None:
    done = world.clone.preview("verify", "nobody/deployed-this")
    assert done.code == 6
    assert "There is no preview of branch 'nobody/deployed-this'" in done.stderr


def panel(title: str, expression: str) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "P7A0D6631BB10B34F"}
    target = {"refId": "A", "datasource": source, "expr": expression}
    return {"type": "timeseries", "title": title, "datasource": source, "targets": [target]}


@pytest.fixture
def with_an_empty_panel(world: World, tmp_path: Path) -> Iterator[str]:
    """A preview whose branch added a dashboard with one panel that shows nothing."""
    configuration = tmp_path / "config"
    shutil.copytree(world.clone.path / "config", configuration)
    dashboard = {
        "uid": "half-empty",
        "title": "Half empty",
        "schemaVersion": 41,
        "panels": [panel("Full", "up"), panel("Void", "nobody_measures_this")],
    }
    path = configuration / "grafana/dashboards/half-empty.json"
    path.write_text(json.dumps(dashboard), encoding="utf-8")
    deployed = world.clone.preview("deploy", world.second, "--config-dir", str(configuration))
    assert deployed.code == 0, deployed.text
    with world.viewer(world.second) as viewer:
        await_dashboard(viewer, "half-empty")
    yield world.second
    restored = world.clone.preview("deploy", world.second)
    assert restored.code == 0, restored.text


def await_dashboard(viewer: httpx.Client, uid: str) -> None:
    """Grafana reads its files again from time to time."""
    Retrying(stop=stop_after_delay(60), wait=wait_fixed(1), retry=retry_if_result(lambda there: not there))(
        lambda: viewer.get(f"/api/dashboards/uid/{uid}").status_code == 200
    )


def test_an_empty_panel_ends_with_exit_code_7_and_is_named(world: World, with_an_empty_panel: str) -> None:
    done = world.clone.preview("verify", with_an_empty_panel, "--minutes", "1")
    assert done.code == 7, done.text
    assert "empty: Half empty / Void" in done.stderr.replace("\n", " ")
    assert "Half empty / Full" not in done.text
    assert "✗ every panel has data" in done.stdout.replace("  ", " ")
    assert "Traceback" not in done.text
