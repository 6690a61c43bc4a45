"""How the Grafana stand-in starts: settings, the first page, its data directory, and the weight of the original."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.standins.grafana import Grafana


@contextmanager
def running(binary: Path, folder: Path, *, ini: str = "", **env: str) -> Iterator[Grafana]:
    grafana = Grafana(binary, folder, prometheus="http://127.0.0.1:1", ini=ini, env=env)
    try:
        yield grafana
    finally:
        grafana.program.kill()


@pytest.mark.parametrize("where", ["grafana.ini", "environment"])
def test_the_first_page_is_the_one_that_is_set(grafana_binary: Path, tmp_path: Path, where: str) -> None:
    page = "/d/first/first-dashboard"
    ini, env = (
        (f"[users]\nhome_page = {page}   \n", {}) if where == "grafana.ini" else ("", {"GF_USERS_HOME_PAGE": page})
    )
    with running(grafana_binary, tmp_path, ini=ini, **env) as grafana:
        assert grafana.visitor().get("/api/dashboards/home").json() == {"redirectUri": page}


def test_the_first_dashboard_is_the_one_that_is_set_and_its_loss_is_an_error(
    grafana_binary: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home.json"
    home.write_text(json.dumps({"title": "The home", "panels": []}))
    with running(grafana_binary, tmp_path, ini=f"[dashboards]\ndefault_home_dashboard_path = {home}\n") as grafana:
        shown = grafana.visitor().get("/api/dashboards/home").json()
        assert (shown["dashboard"]["title"], shown["meta"]["isHome"]) == ("The home", True)
        home.unlink()
        lost = grafana.visitor().get("/api/dashboards/home")
        assert (lost.status_code, lost.json()["message"]) == (500, "Failed to load home dashboard")


def test_visitors_are_not_let_into_an_organization_that_does_not_exist(grafana_binary: Path, tmp_path: Path) -> None:
    with running(grafana_binary, tmp_path, GF_AUTH_ANONYMOUS_ORG_NAME="Other") as grafana:
        assert grafana.visitor().get("/api/search").status_code == 401


def test_it_does_not_start_without_a_directory_for_the_database_of_grafana(
    grafana_binary: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    ended = subprocess.run(
        [grafana_binary], env={"GF_PATHS_DATA": str(missing)}, capture_output=True, text=True, timeout=10, check=False
    )
    assert ended.returncode == 1
    assert f'GF_PATHS_DATA="{missing}" is not writable' in ended.stderr


def test_it_can_need_the_processor_time_and_the_memory_of_the_original_before_it_answers(
    grafana_binary: Path, tmp_path: Path
) -> None:
    with running(grafana_binary, tmp_path, STANDIN_START_CPU_SECONDS="1.5", STANDIN_START_MIB="64") as grafana:
        process = Path(f"/proc/{grafana.program.process.pid}")
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        resident = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert used >= 1.5
        assert resident >= 64 << 20
