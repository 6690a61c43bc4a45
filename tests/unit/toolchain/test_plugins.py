"""Where plugins come from, and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import engine, plugins
from toolchain.report import SetupError
from toolchain.versions import PLUGINS

BUILDS = [f"./cmd/pulumi-resource-{plugin.name}" for plugin in PLUGINS]


@pytest.fixture
def with_engine(machine: Machine) -> Machine:
    machine.install_go()
    engine.ensure(machine.context())
    (machine.root / "go-calls").unlink()
    return machine


def test_offline_every_plugin_is_built_and_a_stand_in_says_so(with_engine: Machine) -> None:
    rows = plugins.ensure(with_engine.context())
    assert with_engine.builds() == BUILDS
    assert {row.name: row.how for row in rows} == {
        "Plugin docker": "built from source",
        "Plugin random": "built from source",
        "Plugin command": "stand-in",
        "Plugin hcloud": "built from source",
        "Plugin cloudflare": "stand-in",
    }
    assert all(plugins.binary(with_engine.paths, plugin).exists() for plugin in PLUGINS)


def test_online_the_engine_downloads_them_and_nothing_is_built(with_engine: Machine) -> None:
    with_engine.online = True
    assert {row.how for row in plugins.ensure(with_engine.context())} == {"downloaded"}
    assert with_engine.builds() == []


def test_a_download_that_fails_leads_to_building(with_engine: Machine) -> None:
    with_engine.online = True
    pulumi = with_engine.paths.bin_dir / "pulumi"
    # Only what is handed to it by --file gets installed.
    pulumi.write_text(pulumi.read_text().replace("plugin)", 'plugin) case "$*" in *--file*) ;; *) exit 1 ;; esac\n'))
    rows = plugins.ensure(with_engine.context())
    assert {row.how for row in rows} == {"built from source", "stand-in"}


def test_the_vendor_is_asked_for_once_a_run(with_engine: Machine) -> None:
    with_engine.probes.clear()
    plugins.ensure(with_engine.context())
    assert len(with_engine.probes) == 1


def test_nothing_is_built_twice(with_engine: Machine) -> None:
    first = plugins.ensure(with_engine.context())
    second = plugins.ensure(with_engine.context())
    assert with_engine.builds() == BUILDS
    assert [(row.name, row.how) for row in second] == [(row.name, row.how) for row in first]


def test_a_changed_source_rebuilds_the_plugins_that_use_it(with_engine: Machine) -> None:
    plugins.ensure(with_engine.context())
    changed = with_engine.paths.checkout / "offline" / "go" / "internal" / "command" / "main.go"
    changed.write_text("package main // changed\n")
    plugins.ensure(with_engine.context())
    assert with_engine.builds()[len(BUILDS) :] == ["./cmd/pulumi-resource-command"]


def test_an_interrupted_run_goes_on_where_it_stopped(with_engine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    real = plugins._build
    monkeypatch.setattr(plugins, "_build", lambda c, s, p: interrupt() if p.name == "command" else real(c, s, p))
    with pytest.raises(KeyboardInterrupt):
        plugins.ensure(with_engine.context())
    monkeypatch.setattr(plugins, "_build", real)
    rows = plugins.ensure(with_engine.context())
    assert with_engine.builds() == BUILDS
    assert rows[2].how == "stand-in"


def test_a_half_installed_plugin_is_installed_again(with_engine: Machine) -> None:
    plugins.ensure(with_engine.context())
    directory = plugins.binary(with_engine.paths, PLUGINS[0]).parent
    Path(f"{directory}.partial").touch()
    plugins.ensure(with_engine.context())
    assert with_engine.builds()[len(BUILDS) :] == BUILDS[:1]


def test_a_plugin_that_somebody_else_installed_is_left_alone(with_engine: Machine) -> None:
    foreign = plugins.binary(with_engine.paths, PLUGINS[0])
    foreign.parent.mkdir(parents=True)
    foreign.write_text("theirs")
    rows = plugins.ensure(with_engine.context())
    assert rows[0].how == "found"
    assert foreign.read_text() == "theirs"


def test_a_failing_build_names_its_log(with_engine: Machine) -> None:
    (with_engine.root / "broken").touch()
    with pytest.raises(
        SetupError, match=r"Building pulumi-resource-docker failed: .*syntax error; see .*docker\.log\.$"
    ):
        plugins.ensure(with_engine.context())
