"""Plugins of the Grafana stand-in: which are there, and what its command installs."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equipment.ports import free_port
from tests.standins.grafana import Grafana, install_plugin

INFINITY = "yesoreyeram-infinity-datasource"


@pytest.fixture
def grafana(grafana_binary: Path, tmp_path: Path) -> Iterator[Grafana]:
    """Two signed plugins and an unsigned one are in its plugin directory."""
    plugins = tmp_path / "data" / "plugins"
    install_plugin(plugins, INFINITY, "datasource")
    install_plugin(plugins, "some-panel", "panel")
    install_plugin(plugins, "unsigned-panel", "panel", signed=False)
    running = Grafana(grafana_binary, tmp_path, prometheus="http://127.0.0.1:1")
    yield running
    running.program.kill()


def archive(name: str, *more: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        written.writestr(f"{name}/plugin.json", f'{{"id": "{name}", "type": "datasource", "name": "I", "info": {{}}}}')
        written.writestr(f"{name}/MANIFEST.txt", "signed")
        for path in more:
            written.writestr(path, "x")
    return content.getvalue()


def command(binary: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary, "cli", *arguments],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_installed_plugins_are_listed_and_unsigned_ones_are_not_loaded(grafana: Grafana) -> None:
    listed = {plugin["id"]: plugin for plugin in grafana.visitor().get("/api/plugins").json()}
    assert (listed[INFINITY]["type"], listed[INFINITY]["info"]["version"]) == ("datasource", "1.0.0")
    assert {"prometheus", "grafana-postgresql-datasource", "timeseries", "some-panel"} <= set(listed)
    assert "unsigned-panel" not in listed
    assert "plugin is unsigned" in grafana.program.output


def test_a_data_source_whose_plugin_is_installed_is_known_and_says_that_nothing_runs_it(grafana: Grafana) -> None:
    visitor = grafana.visitor()
    assert "Infinity" in visitor.get("/api/frontend/settings").json()["datasources"]
    body = {"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "aerffb0z8rjlsc"}}]}
    answer = visitor.post("/api/ds/query", json=body)
    assert answer.status_code == 400
    assert "Grafana would run that plugin" in answer.json()["results"]["A"]["error"]


def test_the_command_installs_an_archive_where_grafana_finds_it(grafana_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "plugin.zip").write_bytes(archive(INFINITY, f"{INFINITY}/gpx_infinity_linux_amd64"))
    plugins = tmp_path / "plugins"
    options = ("--pluginsDir", str(plugins), "--pluginUrl", str(tmp_path / "plugin.zip"))
    for _ in range(2):
        done = command(grafana_binary, *options, "plugins", "install", INFINITY, "3.4.0")
        assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in plugins.iterdir()) == [INFINITY]
    assert (plugins / INFINITY / "gpx_infinity_linux_amd64").exists()
    listed = command(grafana_binary, "--pluginsDir", str(plugins), "plugins", "ls").stdout
    assert INFINITY in listed


def test_an_archive_that_leads_outside_is_refused_and_leaves_nothing(grafana_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "plugin.zip").write_bytes(archive(INFINITY, f"{INFINITY}/../../outside"))
    plugins = tmp_path / "plugins"
    done = command(
        grafana_binary, "plugins", "install", INFINITY,
        GF_PATHS_PLUGINS=str(plugins), GF_PLUGIN_URL=str(tmp_path / "plugin.zip"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "failed to extract plugin archive" in done.stderr
    assert list(plugins.iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_a_vendor_that_cannot_be_reached_is_said_in_one_sentence(grafana_binary: Path, tmp_path: Path) -> None:
    vendor = f"http://127.0.0.1:{free_port()}"
    done = command(
        grafana_binary, "--repo", vendor, "--pluginsDir", str(tmp_path), "plugins", "install", INFINITY, "3.4.0"
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        f'Error: ✗ Failed to send request: Get "{vendor}/{INFINITY}/versions/3.4.0/download": dial'
    )
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
