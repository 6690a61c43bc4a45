"""Plugins of Grafana on a live base: installed from a file, lent to a preview, named where they are missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equipment.checkout import ok
from tests.equipment.plugin_archives import DATASOURCE, archive_of_datasource
from tests.equipment.previews import Ground
from tests.equipment.viewer import viewer

pytestmark = pytest.mark.engine


@pytest.fixture
def base_with_plugins(ground: Ground, tmp_path: Path) -> Iterator[str]:
    """The base with one plugin from a file, and one that nobody has; gives what plain Pulumi said of it."""
    settings = ground.clone.path / "Pulumi.local.yaml"
    before = settings.read_text(encoding="utf-8")
    # The second one's file is no archive: no test asks the vendor.
    (tmp_path / "broken.zip").write_bytes(b"not an archive")
    value = f"{archive_of_datasource(tmp_path)} broken-panel@2.0={tmp_path}/broken.zip"
    settings.write_text(before.replace("grafanaPlugins: none", f"grafanaPlugins: {value}"), encoding="utf-8")
    up = ("up", "--yes", "--skip-preview", "--stack", "local")
    try:
        yield ok(ground.clone.pulumi(*up)).text
    finally:
        settings.write_text(before, encoding="utf-8")
        ok(ground.clone.pulumi(*up))


def test_a_previews_grafana_has_the_plugins_of_its_base_and_what_it_lacks_is_named(
    ground: Ground, base_with_plugins: str, tmp_path: Path
) -> None:
    assert "comes up without Grafana's plugin broken-panel@2.0: " in " ".join(base_with_plugins.split())
    outputs = json.loads(ground.clone.pulumi("stack", "output", "--json", "--stack", "local").stdout)
    assert outputs["plugins"] == [f"{DATASOURCE}@1.0"]
    assert [row.partition(":")[0] for row in outputs["missing_plugins"]] == ["broken-panel@2.0"]
    ok(ground.clone.pulumi("preview", "--refresh", "--expect-no-changes", "--stack", "local"))

    configuration = tmp_path / "config"
    shutil.copytree(ground.clone.path / "config", configuration)
    panel = {"type": "broken-panel", "datasource": {"type": DATASOURCE}}
    needing = {"uid": "needing", "title": "Needing", "panels": [panel]}
    (configuration / "grafana/dashboards/needing.json").write_text(json.dumps(needing), encoding="utf-8")
    branch = ground.branch("plugins")
    done = ground.deploy(branch, "--config-dir", str(configuration))
    said = " ".join(done.stderr.split())
    assert "needing.json needs plugin broken-panel, which this base does not have" in said
    assert f"plugin {DATASOURCE}" not in said

    with viewer(branch, ground.clone.ports["httpsPort"]) as client:
        assert DATASOURCE in {plugin["id"] for plugin in client.get("/api/plugins").json()}
    grafana = ground.containers(branch)["grafana"]
    wrote = grafana.exec_run(["touch", f"/var/lib/grafana/plugins/{DATASOURCE}/x"])
    assert wrote.exit_code != 0
    assert b"Read-only file system" in wrote.output
    again = ground.deploy(branch, "--config-dir", str(configuration), "--json")
    assert json.loads(again.stdout)["result"] == "unchanged"
    ground.destroy(branch)
