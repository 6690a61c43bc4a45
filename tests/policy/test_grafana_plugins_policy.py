"""Plugins of Grafana: installed once for a base, lent to its previews."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from stacks import local as base
from stacks import preview
from tests.equipment.recording import LOCAL_OUTPUTS, Declared, declare
from tests.policy.declared import BRANCH, SLUG, all_containers, container_specs, containers, labels, preparing

INSTALLER = "grafana-plugins-init"
ON_BASE = {"plugins": ["b-panel@2.0", "a-datasource@1.0.1"], "plugins_volume": "grafana-plugins"}


def grafana(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    declared = declare(
        preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs={**LOCAL_OUTPUTS, **outputs}
    )
    return containers(declared)[f"preview-{SLUG}-grafana"]


def test_a_base_installs_its_plugins_once_with_grafanas_own_program(of_base: list[Declared]) -> None:
    installer = preparing(of_base)[INSTALLER]
    assert installer["image"] == "grafana/grafana:12.0.2"
    assert installer["command"] == ["yesoreyeram-infinity-datasource", "3.2.0", "catalogue"]
    assert (installer["attach"], installer["mustRun"], installer["restart"]) == (True, False, "no")
    assert installer["readOnly"] is True
    assert installer["capabilities"] == {"drops": ["ALL"]}
    assert labels(installer)["pgai.base"] == "true"
    assert [volume["volumeName"] for volume in installer["volumes"]] == ["grafana-plugins"]


def test_a_base_without_plugins_has_nothing_of_them() -> None:
    declared = declare(base.local, stack="local", config={"grafanaPlugins": "none"})
    assert not [one.name for one in declared if "plugins" in one.name]


def test_an_archive_is_brought_to_the_machine_and_read_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "mine.zip").write_bytes(b"archive")
    value = f"mine-panel@1.0={tmp_path}/mine.zip theirs-panel@2.0=https://plugins.example/theirs.zip"
    declared = declare(base.local, stack="local", config={"grafanaPlugins": value, "namePrefix": "x-"})
    installer = all_containers(declared)[f"x-{INSTALLER}"]
    sources = ["/plugin-files/mine-panel@1.0.zip", "https://plugins.example/theirs.zip"]
    assert installer["command"] == ["mine-panel", "1.0", sources[0], "theirs-panel", "2.0", sources[1]]
    (copied,) = [one.inputs["environment"] for one in declared if one.name == "grafana-plugins-files"]
    assert (Path(copied["SOURCE"]) / "mine-panel@1.0.zip").read_bytes() == b"archive"
    (files,) = [volume for volume in installer["volumes"] if volume["containerPath"] == "/plugin-files"]
    assert (files["hostPath"], files["readOnly"]) == (copied["DESTINATION"], True)


def test_an_archive_that_is_not_there_is_named() -> None:
    with pytest.raises(pulumi.RunError, match=r"The archive /nowhere\.zip of a-panel@1 cannot be read"):
        declare(base.local, stack="local", config={"grafanaPlugins": "a-panel@1=/nowhere.zip"})


def test_a_preview_reads_each_plugin_of_its_base_and_cannot_write_it() -> None:
    mounts = [mount for mount in grafana(ON_BASE)["mounts"] if mount["source"] == "grafana-plugins"]
    assert [(mount["target"], mount["volumeOptions"]["subpath"], mount["readOnly"]) for mount in mounts] == [
        ("/var/lib/grafana/plugins/a-datasource", "a-datasource@1.0.1/a-datasource", True),
        ("/var/lib/grafana/plugins/b-panel", "b-panel@2.0/b-panel", True),
    ]


def test_on_a_base_without_plugins_a_preview_is_what_it_was_before_there_were_any() -> None:
    assert grafana({"plugins": [], "plugins_volume": "grafana-plugins"}) == grafana({})
    assert [mount["target"] for mount in grafana({})["mounts"]] == ["/run/secrets"]


NODES = "a=unix:///run/a.sock b=unix:///run/b.sock"


def test_each_engine_of_a_cluster_has_the_plugins_side_by_side() -> None:
    value = "b-panel@2.0 a-datasource@1.0.1"
    declared = declare(base.local, stack="local", config={"grafanaPlugins": value, "nodes": NODES})
    installers = [one for one in declared if one.inputs.get("name") == INSTALLER]
    assert sorted(one.name for one in installers) == ["grafana-plugins-b-init", "grafana-plugins-init"]
    (folder,) = {next(env for env in one.inputs["envs"] if env.startswith("TOGETHER=/")) for one in installers}
    other = declare(base.local, stack="local", config={"grafanaPlugins": "b-panel@2.1", "nodes": NODES})
    assert folder not in json.dumps([one.inputs for one in other], default=str), "what runs keeps what it has"


def test_a_machine_alone_has_no_such_folder(of_base: list[Declared]) -> None:
    assert "TOGETHER=" in preparing(of_base)[INSTALLER]["envs"]


def test_a_service_reads_the_plugins_of_its_cluster_and_cannot_write_them() -> None:
    nodes = [{"name": name, "docker_host": f"unix:///run/{name}.sock"} for name in ("a", "b")]
    together = {**LOCAL_OUTPUTS, **ON_BASE, "nodes": nodes, "plugins_folder": "/var/lib/grafana/plugins/together/x"}

    def grafana_of(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        declared = declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs=outputs)
        return container_specs(declared)["grafana"]

    spec = grafana_of(together)
    (mount,) = [mount for mount in spec["mounts"] if mount.get("source")]
    assert (mount["source"], mount["target"]) == ("grafana-plugins", "/var/lib/grafana/plugins")
    assert mount["readOnly"] is True
    assert spec["env"]["GF_PATHS_PLUGINS"] == "/var/lib/grafana/plugins/together/x"
    fewer = grafana_of({**together, "plugins": ["b-panel@2.0"]})
    assert fewer["env"] != spec["env"], "its container is made anew when they are others"
    assert grafana_of({**together, "plugins": []}) == grafana_of({**LOCAL_OUTPUTS, "nodes": nodes})


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:2375", "ssh://deploy@203.0.113.5"])
def test_a_local_base_on_an_engine_that_does_not_see_this_machines_files_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pulumi.RunError, match=f"^dockerHost={address} is an engine that does not see this machine's"):
        declare(base.local, stack="local", config={"dockerHost": address})
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(pulumi.RunError, match=f"^DOCKER_HOST={address} .*, or unset DOCKER_HOST"):
        declare(base.local, stack="local", config={})
    assert declare(base.local, stack="local", config={"dockerHost": "unix:///run/docker.sock"})
