"""Plugins of Grafana: how a base is configured with them, and how they are installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.grafana_plugins import results_of
from components.plugin import Plugin
from stacks.plugins import bring_together, plugins_of

SCRIPT = Path(__file__).resolve().parents[2] / "host/install_plugins.sh"

GRAFANA = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
[ "$1 $2 $4 $5" = "cli --pluginsDir plugins install" ] || [ "$4" = --pluginUrl ] || exit 9
case $* in
*slow-panel*) exec sleep 60 ;;
*gone-panel*) echo 'Error: ✗ Failed to send request: no such host' >&2; echo >&2; exit 1 ;;
*odd-panel*) exit 0 ;;
esac
for last; do before=${plugin-}; plugin=$last; done
mkdir "$3/$before" && echo "$TMPDIR" >"$3/$before/plugin.json"
"""


def test_plugins_are_named_with_version_and_archive() -> None:
    assert plugins_of(" a-panel@1.0  b@2.0-rc.1=files/b.zip c@3=https://x.example/c.zip?a=b ") == [
        Plugin(id="a-panel", version="1.0"),
        Plugin(id="b", version="2.0-rc.1", source="files/b.zip"),
        Plugin(id="c", version="3", source="https://x.example/c.zip?a=b"),
    ]
    assert plugins_of("none") == []


@pytest.mark.parametrize("value", ["a-panel", "A@1", "a@", "a@1=", "../a@1", "a@../../etc", "a@1,b@2", "none b@1"])
def test_what_is_no_plugin_is_refused_with_the_form(value: str) -> None:
    with pytest.raises(ValueError, match="must be plugins as ID@VERSION or ID@VERSION=ARCHIVE"):
        plugins_of(value)


def test_two_versions_of_one_plugin_are_refused() -> None:
    with pytest.raises(ValueError, match="names a twice"):
        plugins_of("a@1 a@2")


def test_archives_are_brought_together_under_their_plugins_names(tmp_path: Path) -> None:
    (tmp_path / "some.zip").write_bytes(b"1")
    destination = tmp_path / "together"
    plugins = plugins_of("a@1=some.zip b@2 c@3=https://x.example/c.zip")
    assert bring_together(plugins, tmp_path, destination) == destination
    assert [path.name for path in destination.iterdir()] == ["a@1.zip"]
    assert bring_together(plugins_of("b@2"), tmp_path, destination) is None
    assert not destination.exists()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where a program stands in for Grafana's."""
    program = tmp_path / "bin/grafana"
    program.parent.mkdir()
    program.write_text(GRAFANA, encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "plugins").mkdir()
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PLUGINS": str(tmp_path / "plugins"),
        "CALLS": str(tmp_path / "calls"),
        "SECONDS_EACH": "1",
        "TOGETHER": "",
    }


def said(environment: dict[str, str], *arguments: str) -> list[tuple[str, str, str]]:
    done = subprocess.run(
        ["/bin/sh", SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return results_of(done.stdout)


def test_each_plugin_is_installed_once_in_a_folder_of_its_version(environment: dict[str, str]) -> None:
    plugins, calls = Path(environment["PLUGINS"]), Path(environment["CALLS"])
    wanted = ("a-panel", "1.0", "catalogue", "b-panel", "2.0", "/plugin-files/b.zip")
    for _ in range(2):
        assert said(environment, *wanted) == [("installed", "a-panel@1.0", ""), ("installed", "b-panel@2.0", "")]
    assert sorted(path.name for path in plugins.iterdir()) == ["a-panel@1.0", "b-panel@2.0"]
    kept = (plugins / "a-panel@1.0/a-panel/plugin.json").read_text(encoding="utf-8")
    assert kept.startswith(str(plugins)), "an archive does not pass through memory"
    assert calls.read_text(encoding="utf-8").splitlines() == [
        f"cli --pluginsDir {plugins}/.next plugins install a-panel 1.0",
        f"cli --pluginsDir {plugins}/.next --pluginUrl /plugin-files/b.zip plugins install b-panel 2.0",
    ]


def test_a_plugin_that_cannot_be_had_is_named_with_the_reason_and_the_others_are_installed(
    environment: dict[str, str],
) -> None:
    plugins = ("gone-panel", "slow-panel", "odd-panel", "a-panel")
    wanted = [part for name in plugins for part in (name, "1.0", "catalogue")]
    assert said(environment, *wanted) == [
        ("missing", "gone-panel@1.0", "Failed to send request: no such host"),
        ("missing", "slow-panel@1.0", "not there within 1 s"),
        ("missing", "odd-panel@1.0", "its archive has no such plugin"),
        ("installed", "a-panel@1.0", ""),
    ]
    assert [path.name for path in Path(environment["PLUGINS"]).iterdir()] == ["a-panel@1.0"]


def test_plugins_of_a_cluster_lie_side_by_side_and_those_of_former_settings_stay_as_they_were(
    environment: dict[str, str],
) -> None:
    plugins = Path(environment["PLUGINS"])

    def install(folder: str, *wanted: str) -> None:
        words = [part for name in wanted for part in (*name.split("@"), "catalogue")]
        for _ in range(2):
            assert len(said({**environment, "TOGETHER": str(plugins / folder)}, *words)) == len(wanted)

    install("together/1", "a-panel@1.0", "gone-panel@1.0", "b-panel@2.0")
    first = {path.relative_to(plugins): path.stat().st_ino for path in plugins.rglob("plugin.json")}
    install("together/2", "a-panel@1.1")
    now = {path.relative_to(plugins): path.stat().st_ino for path in plugins.rglob("plugin.json")}
    assert now.items() >= first.items()
    assert sorted(path.name for path in (plugins / "together/1").iterdir()) == ["a-panel", "b-panel"]
    assert [path.name for path in (plugins / "together/2").iterdir()] == ["a-panel"]
    assert now[Path("together/2/a-panel/plugin.json")] == now[Path("a-panel@1.1/a-panel/plugin.json")], "takes no room"
    assert not (plugins / ".next").exists()
