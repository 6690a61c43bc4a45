"""Bad input and bad luck: one clear sentence, the right exit code, nothing left behind."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from stacks.names import slug_of, stack_of
from tests.engine.world import World
from tests.equipment.checkout import Clone, Finished, ok
from tests.equipment.docker import built_image, container_ids, remains
from tests.equipment.state import known_resources

pytestmark = pytest.mark.engine


def refused(done: Finished, code: int) -> str:
    """The error's sentence."""
    assert done.code == code, done.text
    assert "Traceback" not in done.text
    assert not done.stdout
    error = done.stderr[done.stderr.index("Error: ") :]
    return " ".join(error.split())


@pytest.mark.parametrize("branch", ["", "///", "äöü"])
def test_a_hopeless_branch_name_is_bad_input(world: World, branch: str) -> None:
    for command in ("slug", "deploy", "destroy", "credentials"):
        assert "has no letter or digit" in refused(world.clone.preview(command, branch), 2)


def test_a_branch_that_shares_a_slug_is_refused_naming_the_owner(world: World, engine: Any, token: str) -> None:
    other = world.first.replace("/", "_")
    before = container_ids(engine, token)
    for command in ("deploy", "destroy"):
        sentence = refused(world.clone.preview(command, other), 3)
        assert f"belongs to the preview of branch '{world.first}'" in sentence
    assert container_ids(engine, token) == before
    assert "There is no preview" in refused(world.clone.preview("credentials", other), 6)


def test_an_operators_own_update_cannot_take_another_branchs_slug(world: World, engine: Any, token: str) -> None:
    stack = f"preview-{slug_of(world.second)}"
    settings = world.clone.path / f"Pulumi.{stack}.yaml"
    before = settings.read_text(encoding="utf-8")
    ids = container_ids(engine, token)
    listed = world.clone.json("list", "--json")
    settings.write_text(before.replace(world.second, world.second.replace("/", "_")), encoding="utf-8")
    done = world.clone.pulumi("up", "--yes", "--stack", stack)
    settings.write_text(before, encoding="utf-8")
    assert done.code != 0
    assert f"belongs to branch '{world.second}'" in done.text
    assert world.clone.json("list", "--json") == listed, "the stack still names its owner"
    assert container_ids(engine, token) == ids


def test_a_base_with_previews_is_not_destroyed_and_names_them(world: World, engine: Any, token: str) -> None:
    before, known = container_ids(engine, token), known_resources(world.clone, "local")
    done = world.clone.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local")
    assert done.code != 0
    said = " ".join(done.text.split())
    assert "cannot be destroyed while these previews run on it: " in said
    assert world.first in said
    assert world.second in said
    assert container_ids(engine, token) == before
    assert known_resources(world.clone, "local") == known, "nothing at all is gone"


def test_an_image_that_cannot_be_had_is_refused_before_anything_is_made(world: World, engine: Any, token: str) -> None:
    branch = f"{token}/no-image"
    done = world.clone.preview("deploy", branch, "--image", "grafana=pgai-test/never-built:1")
    assert "The image pgai-test/never-built:1 is not on the machine and cannot be pulled" in refused(done, 3)
    assert not remains(engine, slug_of(branch))
    assert branch not in json.dumps(world.clone.json("list", "--json"))


def test_an_image_that_would_route_the_names_of_others_is_refused_by_the_command_and_by_plain_pulumi(
    world: World, engine: Any, token: str, tmp_path: Path
) -> None:
    label = "traefik.http.middlewares.noindex.headers.customresponseheaders.X-Robots-Tag"
    branch = f"{token}/greedy"
    stack = stack_of(slug_of(branch))
    with built_image(engine, tmp_path, f"{token}/greedy:1", f"FROM postgres:15\nLABEL {label}=all\n") as greedy:
        sentence = refused(world.clone.preview("deploy", branch, "--image", f"backend={greedy}"), 3)
        assert f"The image {greedy} has the label {label}" in sentence
        for command in (
            ("stack", "init", stack),
            ("config", "set", "branch", branch, "--stack", stack),
            ("config", "set", "images", json.dumps({"backend": greedy}), "--stack", stack),
        ):
            ok(world.clone.pulumi(*command))
        done = world.clone.pulumi("up", "--yes", "--skip-preview", "--stack", stack)
        assert done.code != 0
        assert f"The image {greedy} has the label {label}" in " ".join(done.text.split())
    assert not remains(engine, slug_of(branch))
    assert not list(world.clone.data.rglob(f"*{slug_of(branch)}*/config"))
    ok(world.clone.pulumi("destroy", "--yes", "--skip-preview", "--remove", "--stack", stack))


def test_a_deploy_with_a_broken_image_says_why_and_leaves_nothing(
    world: World, engine: Any, token: str, tmp_path: Path
) -> None:
    dockerfile = 'FROM postgres:15\nENTRYPOINT ["sh", "-c", "echo broken on purpose; exit 1"]\n'
    branch = f"{token}/broken"
    with built_image(engine, tmp_path, f"{token}/broken:1", dockerfile) as broken:
        done = world.clone.preview("deploy", branch, "--image", f"backend={broken}")
    sentence = refused(done, 5)
    assert "backend: ended with exit code 1, 3 times: broken on purpose." in sentence
    assert "Everything that was made has been removed again" in sentence
    assert not remains(engine, slug_of(branch))
    assert slug_of(branch) not in world.clone.pulumi("stack", "ls").stdout
    assert not list(world.clone.data.rglob(f"*{slug_of(branch)}*/config"))
    assert not (world.clone.path / f"Pulumi.preview-{slug_of(branch)}.yaml").exists()


def test_a_database_that_cannot_be_initialised_says_why_and_leaves_nothing(
    world: World, engine: Any, token: str, tmp_path: Path
) -> None:
    script = "/usr/local/bin/docker-ensure-initdb.sh"
    dockerfile = (
        f"FROM postgres:15\nRUN rm {script} && printf '#!/bin/sh\\necho no data today; exit 3\\n' >{script} "
        f"&& chmod +x {script}\n"
    )
    branch = f"{token}/no-database"
    with built_image(engine, tmp_path, f"{token}/no-database:1", dockerfile) as broken:
        done = world.clone.preview("deploy", branch, "--image", f"sink={broken}")
    sentence = refused(done, 5)
    assert "sink-init: ended with exit code 3: no data today." in sentence
    assert not remains(engine, slug_of(branch))


def test_a_configuration_directory_of_something_else_is_bad_input(world: World, tmp_path: Path, token: str) -> None:
    (tmp_path / "unrelated.yml").write_text("a: 1", encoding="utf-8")
    done = world.clone.preview("deploy", f"{token}/x", "--config-dir", str(tmp_path))
    sentence = refused(done, 2)
    assert "has nothing of the layout" in sentence
    assert "pgwatch-prometheus/metrics.yml" in sentence


def test_an_unknown_stack_is_refused_naming_the_valid_ones(world: World) -> None:
    world.clone.pulumi("stack", "init", "nonsense")
    done = world.clone.pulumi("preview", "--stack", "nonsense")
    world.clone.pulumi("stack", "rm", "--yes", "nonsense")
    assert done.code != 0
    assert "valid names are base, local, cluster and preview-<slug>" in done.text
    assert "Traceback" not in done.text


def test_a_base_that_was_never_brought_up_is_named(world: World, token: str) -> None:
    done = world.clone.preview("deploy", f"{token}/x", "--base", "base")
    assert "The base stack 'base' does not exist: bring it up first" in refused(done, 1)


def test_destroying_what_is_not_there_succeeds(world: World, token: str) -> None:
    done = world.clone.preview("destroy", f"{token}/never-there")
    assert done.code == 0
    assert "nothing to destroy" in done.stderr


class TestAFreshClone:
    """Refusals before a base exists."""

    @pytest.fixture
    def clone(self, tmp_path: Path, token: str) -> Clone:
        return Clone.make(tmp_path, f"{token}-fresh")

    def test_wrong_configuration_is_reported_all_at_once(self, clone: Clone, engine: Any) -> None:
        clone.configure({"httpPort": "http", "domain": "Not A Domain", "colour": "red", "namePrefix": clone.prefix})
        sentence = refused(clone.preview("demo"), 2)
        for key in ("httpPort", "domain", "colour"):
            assert f"Configuration '{key}'" in sentence
        assert not remains(engine, clone.prefix)

    def test_a_port_in_use_is_named(self, clone: Clone, engine: Any) -> None:
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", clone.ports["httpsPort"]))
            holder.listen()
            sentence = refused(clone.preview("demo"), 1)
        assert f"port {clone.ports['httpsPort']} (httpsPort)" in sentence
        assert not remains(engine, clone.prefix)

    def test_a_docker_engine_that_does_not_answer_is_named(self, clone: Clone) -> None:
        sentence = refused(clone.preview("demo", DOCKER_HOST="unix:///nowhere/docker.sock"), 1)
        assert "DOCKER_HOST" in sentence
        assert "unix:///nowhere/docker.sock" in sentence
