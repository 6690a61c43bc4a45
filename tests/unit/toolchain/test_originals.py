"""Where only what vendors publish will do, set-up neither builds nor stands in, nor takes what it has built before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.toolchain.conftest import Machine
from tests.unit.toolchain.test_images import GRAFANA, Engine, ensure, with_base
from toolchain import docker as docker_engine
from toolchain import docker_packages, engine, plugins, recipes
from toolchain.context import ORIGINALS
from toolchain.images import RECIPE_LABEL
from toolchain.recipes import RECIPES
from toolchain.report import SetupError
from toolchain.versions import PLUGINS


def refusal(name: str) -> str:
    return (
        f"^{name} cannot be had from its vendor, and {ORIGINALS}=1 forbids to build it or to stand in for it: "
        r"make the vendor's site or registry reachable, or unset the variable\.$"
    )


@pytest.fixture
def built(machine: Machine) -> Machine:
    """A machine on which engine and plugins were built."""
    machine.install_go()
    engine.ensure(machine.context())
    plugins.ensure(machine.context())
    (machine.root / "go-calls").unlink()
    return machine


@pytest.fixture
def only_originals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ORIGINALS, "1")


@pytest.mark.usefixtures("only_originals")
def test_no_engine_is_built(machine: Machine) -> None:
    machine.install_go()
    with pytest.raises(SetupError, match=refusal("Pulumi engine")):
        engine.ensure(machine.context())
    assert machine.builds() == []


def test_an_engine_that_was_built_before_is_not_taken(built: Machine, only_originals: None) -> None:
    with pytest.raises(SetupError, match=refusal("Pulumi engine")):
        engine.ensure(built.context())


def test_a_plugin_that_was_built_before_is_not_taken_and_stays(built: Machine, only_originals: None) -> None:
    with pytest.raises(SetupError, match=refusal("Plugin docker")):
        plugins.ensure(built.context())
    assert plugins.binary(built.paths, PLUGINS[0]).exists()
    assert built.builds() == []


def test_a_plugin_that_was_built_before_gives_way_to_the_vendor_s(built: Machine, only_originals: None) -> None:
    built.online = True
    assert {row.how for row in plugins.ensure(built.context())} == {"downloaded"}


@pytest.mark.usefixtures("only_originals")
def test_no_image_is_built(machine: Machine) -> None:
    docker = with_base(machine)
    with pytest.raises(SetupError, match=refusal(f"Image {GRAFANA}")):
        ensure(machine, docker, GRAFANA)
    assert docker.builds == []


@pytest.mark.usefixtures("only_originals")
def test_an_image_that_was_built_before_gives_way_to_the_vendor_s(machine: Machine) -> None:
    current = {RECIPE_LABEL: recipes.key(machine.paths.checkout, RECIPES[GRAFANA])}
    docker = Engine(**{GRAFANA: current})
    docker.refusal = None
    assert [row.how for row in ensure(machine, docker, GRAFANA)] == ["downloaded"]


@pytest.mark.usefixtures("only_originals")
def test_a_docker_engine_that_was_built_before_is_not_taken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {"ServerVersion": "29.0.0", "Labels": [docker_packages.BUILT_LABEL]}
    monkeypatch.setattr(docker_engine, "_info", lambda: said)
    with pytest.raises(SetupError, match=refusal("Docker engine")):
        docker_engine.ensure(machine.context())
