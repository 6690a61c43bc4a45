"""Whether an image is found, pulled or built."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.unit.toolchain.conftest import Machine
from toolchain import images, recipes
from toolchain.images import RECIPE_LABEL, STAND_IN_LABEL, _Images, registry_of
from toolchain.recipes import BASE, RECIPES
from toolchain.report import Row, SetupError

HAPROXY = "haproxy:3.0-alpine"
GRAFANA = "grafana/grafana:12.0.2"
UNREACHABLE = docker.errors.APIError("Get https://registry-1.docker.io/v2/: no such host")


class Engine:
    """The part of the Docker API that set-up uses."""

    def __init__(self, **labels: dict[str, str]) -> None:
        self.labels = dict(labels)
        self.refusal: Exception | None = UNREACHABLE
        self.pulls: list[str] = []
        self.builds: list[dict[str, Any]] = []
        self.contexts: list[dict[str, int]] = []
        self.removed: list[str] = []
        self.build_events: list[dict[str, str]] = [{"stream": "Step 1/2 : FROM x"}, {"stream": "Step 2/2 : COPY y z"}]

    def images(self) -> list[dict[str, Any]]:
        return [{"Id": f"id-{tag}", "RepoTags": [tag], "Labels": labels} for tag, labels in self.labels.items()]

    def pull(self, repository: str, *, tag: str, stream: bool, decode: bool) -> Iterator[dict[str, Any]]:
        self.pulls.append(f"{repository}:{tag}")
        if self.refusal is not None:
            raise self.refusal
        return iter([{"id": "layer", "status": "Pulling fs layer"}, {"id": "layer", "status": "Pull complete"}])

    def build(self, *, fileobj: Any, **arguments: Any) -> Iterator[dict[str, str]]:
        with tarfile.open(fileobj=fileobj) as archive:
            self.contexts.append({entry.name: entry.mode for entry in archive})
        self.builds.append(arguments)
        return iter(self.build_events)

    def remove_image(self, image: str) -> None:
        self.removed.append(image)


@pytest.fixture(autouse=True)
def recipe_folders(machine: Machine) -> None:
    root = machine.paths.checkout / "offline" / "images"
    for name in ("debian", *(recipe.folder for recipe in RECIPES.values())):
        (root / name).mkdir(parents=True)
        (root / name / "Dockerfile").write_text(f"FROM {BASE}\n")


def with_base(machine: Machine, **labels: dict[str, str]) -> Engine:
    return Engine(**{BASE: {RECIPE_LABEL: recipes.base_key(machine.paths.checkout)}, **labels})


def ensure(machine: Machine, engine: Engine, *references: str) -> list[Row]:
    subject = _Images(machine.context(), engine, engine)
    return [subject.ensure(reference) for reference in references]


def test_an_image_that_is_there_is_taken_as_it_is(machine: Machine) -> None:
    engine = Engine(**{HAPROXY: {}})
    assert [row.how for row in ensure(machine, engine, HAPROXY)] == ["found"]
    assert not engine.pulls
    assert not engine.builds


def test_an_image_is_pulled_rather_than_built(machine: Machine) -> None:
    engine = with_base(machine)
    engine.refusal = None
    assert [row.how for row in ensure(machine, engine, GRAFANA)] == ["downloaded"]
    assert engine.pulls == [GRAFANA]
    assert engine.builds == []


def test_an_image_that_cannot_be_pulled_is_built_and_carries_its_recipe(machine: Machine) -> None:
    engine = with_base(machine)
    assert [row.how for row in ensure(machine, engine, HAPROXY)] == ["built from source"]
    (build,) = engine.builds
    assert build["tag"] == HAPROXY
    assert build["labels"] == {RECIPE_LABEL: recipes.key(machine.paths.checkout, RECIPES[HAPROXY])}


def test_a_stand_in_says_so_in_table_and_label(machine: Machine) -> None:
    engine = with_base(machine)
    assert [row.how for row in ensure(machine, engine, GRAFANA)] == ["stand-in"]
    assert engine.builds[0]["labels"][STAND_IN_LABEL] == "true"


@pytest.mark.parametrize("refusal", [UNREACHABLE, requests.exceptions.ReadTimeout(), OSError("broken pipe")])
def test_an_unreachable_registry_is_tried_once(machine: Machine, refusal: Exception) -> None:
    engine = with_base(machine)
    engine.refusal = refusal
    ensure(machine, engine, HAPROXY, GRAFANA, "postgres:15")
    assert engine.pulls == [HAPROXY]
    assert len(engine.builds) == 3


def test_one_image_missing_from_a_registry_does_not_stop_the_other_pulls(machine: Machine) -> None:
    engine = with_base(machine)
    engine.refusal = docker.errors.ImageNotFound("pull access denied, repository does not exist")
    ensure(machine, engine, HAPROXY, GRAFANA)
    assert engine.pulls == [HAPROXY, GRAFANA]


def test_an_image_built_from_the_same_recipe_is_not_built_again(machine: Machine) -> None:
    current = {RECIPE_LABEL: recipes.key(machine.paths.checkout, RECIPES[GRAFANA])}
    engine = with_base(machine, **{GRAFANA: current})
    assert [row.how for row in ensure(machine, engine, GRAFANA)] == ["stand-in"]
    assert not engine.pulls
    assert not engine.builds


def test_an_image_built_from_an_older_recipe_is_built_again_and_the_old_one_removed(machine: Machine) -> None:
    engine = with_base(machine, **{HAPROXY: {RECIPE_LABEL: "older"}})
    ensure(machine, engine, HAPROXY)
    assert len(engine.builds) == 1
    assert engine.removed == [f"id-{HAPROXY}"]


def test_a_change_of_the_base_changes_every_recipe(machine: Machine) -> None:
    before = recipes.key(machine.paths.checkout, RECIPES[HAPROXY])
    (machine.paths.checkout / "offline" / "images" / "debian" / "rootfs.sh").write_text("echo\n")
    assert recipes.key(machine.paths.checkout, RECIPES[HAPROXY]) != before


def test_a_go_recipe_sends_its_program_and_not_its_sources(machine: Machine) -> None:
    machine.install_go()
    folder = machine.paths.checkout / "offline" / "images" / "grafana"
    (folder / "go.mod").write_text("module x\n")
    (folder / "main.go").write_text("package main\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    engine = with_base(machine)
    ensure(machine, engine, GRAFANA)
    assert machine.builds() == ["."]
    assert engine.contexts == [{"Dockerfile": 0o644, "run.sh": 0o755, "grafana": 0o755}]


def test_an_unknown_image_that_cannot_be_pulled_is_one_sentence(machine: Machine) -> None:
    with pytest.raises(SetupError, match=r"^The image nginx:1 cannot be pulled \(docker\.io cannot be reached\) and "):
        ensure(machine, with_base(machine), "nginx:1")


def test_a_failing_build_names_cause_and_log(machine: Machine) -> None:
    engine = with_base(machine)
    engine.build_events = [{"stream": "Step 1/1 : RUN x"}, {"error": "returned a non-zero code: 100\n"}]
    with pytest.raises(SetupError, match=r"non-zero code: 100; see .*image-haproxy\.log\.$"):
        ensure(machine, engine, HAPROXY)
    assert "Step 1/1" in (machine.paths.logs / "image-haproxy.log").read_text()


def test_without_root_a_missing_base_is_one_sentence(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "is_root", lambda: False)
    with pytest.raises(SetupError, match=r"only root can put together.*as root"):
        ensure(machine, Engine(), HAPROXY)


@pytest.mark.parametrize(
    ("reference", "registry"),
    [
        ("postgres:15", "docker.io"),
        ("grafana/grafana:12.0.2", "docker.io"),
        ("ghcr.io/a/b:1", "ghcr.io"),
        ("localhost:5000/a", "localhost:5000"),
    ],
)
def test_the_registry_of_a_reference(reference: str, registry: str) -> None:
    assert registry_of(reference) == registry


def test_a_tool_in_the_module_file_is_what_gets_built(tmp_path: Path) -> None:
    assert recipes.go_package(tmp_path) is None
    (tmp_path / "go.mod").write_text("module x\n")
    assert recipes.go_package(tmp_path) == "."
    (tmp_path / "go.mod").write_text("module x\n\ntool example.org/y/cmd/z\n")
    assert recipes.go_package(tmp_path) == "example.org/y/cmd/z"
