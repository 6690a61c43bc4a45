"""What a viewer sees, through the reverse proxy, by host name; and that the numbers are alive."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_attempt, stop_after_delay, wait_fixed

from stacks.names import slug_of
from tests.engine.world import World
from tests.equipment.browser import chromium, drawn
from tests.equipment.checkout import ARTIFACTS

pytestmark = pytest.mark.engine

PROMETHEUS = "P7A0D6631BB10B34F"
POSTGRES = "P031DD592934B2F1F"


def query(viewer: httpx.Client, uid: str, **target: Any) -> list[Any]:
    """Values of the last field that a data source returns to a viewer."""
    body = {"queries": [{"refId": "A", "datasource": {"uid": uid}, **target}], "from": "now-5m", "to": "now"}
    response = viewer.post("/api/ds/query", json=body)
    assert response.status_code == 200, response.text
    return [
        value
        for frame in response.json()["results"]["A"]["frames"]
        if frame["data"]["values"]
        for value in frame["data"]["values"][-1]
    ]


def test_plain_http_is_sent_to_https_on_the_port_that_serves_it(world: World) -> None:
    host = f"preview-{slug_of(world.first)}.localhost"
    port = world.clone.ports["httpPort"]
    answer = httpx.get(f"http://127.0.0.1:{port}/d/x?y=1", headers={"Host": f"{host}:{port}"})
    assert answer.status_code in (301, 302, 307, 308)
    assert answer.headers["location"] == f"{world.url(world.first)}/d/x?y=1"


def test_anyone_may_look_and_nobody_may_edit(world: World) -> None:
    with world.viewer(world.first) as viewer:
        assert viewer.get("/api/health").json()["database"] == "ok"
        assert len(viewer.get("/api/search?type=dash-db").json()) >= 4
        refused = viewer.post("/api/dashboards/db", json={"dashboard": {"title": "x"}, "overwrite": True})
        assert refused.status_code in (401, 403)


def test_each_host_name_leads_to_its_own_preview(world: World) -> None:
    for branch in (world.first, world.second):
        with world.viewer(branch) as viewer:
            page = viewer.get("/api/frontend/settings").json()
            assert page["appUrl"] == f"{world.url(branch)}/"
    with world.viewer("nobody/deployed-this") as stranger:
        assert stranger.get("/").status_code == 404


def test_the_credentials_open_grafana_and_wrong_ones_do_not(world: World) -> None:
    entry = world.clone.json("credentials", world.first, "--json")["grafana"]
    with world.viewer(world.first) as viewer:
        right = viewer.post("/login", json={"user": entry["user"], "password": entry["password"]})
        assert right.status_code == 200
    with world.viewer(world.first) as viewer:
        assert viewer.post("/login", json={"user": entry["user"], "password": "wrong"}).status_code == 401


def test_measurements_flow_from_the_target_through_both_stores_to_a_viewer(world: World) -> None:
    with world.viewer(world.first) as viewer:
        up = query(viewer, PROMETHEUS, expr="count(pgwatch_db_stats_sampled_at_s > bool (time() - 60))", instant=True)
        assert up == [1]
        (rows,) = query(viewer, POSTGRES, rawSql="SELECT count(*) FROM db_stats", format="table")
        assert rows > 0


def test_the_target_is_visibly_busy(world: World) -> None:
    @retry(stop=stop_after_delay(120), wait=wait_fixed(2), retry=retry_if_result(lambda tps: not tps or tps[0] < 1))
    def transactions_per_second() -> list[Any]:
        with world.viewer(world.first) as viewer:
            return query(viewer, PROMETHEUS, expr="sum(rate(pgwatch_db_stats_xact_commit[40s]))", instant=True)

    assert transactions_per_second()[0] >= 1


def test_a_viewer_cannot_write_through_a_data_source(world: World) -> None:
    with world.viewer(world.first) as viewer:
        body = {
            "queries": [
                {
                    "refId": "A",
                    "datasource": {"uid": POSTGRES},
                    "rawSql": "CREATE TABLE intruder (a int)",
                    "format": "table",
                }
            ],
            "from": "now-5m",
            "to": "now",
        }
        answer = viewer.post("/api/ds/query", json=body)
        assert "read-only" in answer.text or "permission denied" in answer.text


def test_a_browser_draws_the_home_dashboard(world: World, tmp_path: Path) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    picture = ARTIFACTS / "home.png"
    picture.unlink(missing_ok=True)
    common = chromium(tmp_path, "--ignore-certificate-errors", "--window-size=1600,1300")

    def charts(page: str) -> int:
        return len(re.findall(r"<(svg|canvas)\b", page))

    page = drawn([*common, world.url(world.first)], complete=lambda page: charts(page) >= 8)
    assert "PostgreSQL activity" in page
    assert "Transactions" in page
    assert charts(page) >= 8, "the panels' charts are drawn"
    assert "No data" not in page
    photographed([*common, "--virtual-time-budget=10000", f"--screenshot={picture}", world.url(world.first)], picture)


@retry(stop=stop_after_attempt(3), reraise=True)
def photographed(command: Sequence[str], picture: Path) -> None:
    """Take a picture that shows something; again for the reason that `drawn` has."""
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert picture.stat().st_size > 50_000
