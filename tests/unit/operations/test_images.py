"""Images that were chosen for a preview stay until others are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from operations.errors import BadInputError, EngineError, OperationError, RefusedError
from operations.life.request import images_of
from stacks.images import filled
from tests.unit.operations.deploying import STATE, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World.make(monkeypatch)


def live(world: World, images: Mapping[str, str], commit: str = "c0ffee") -> None:
    """A preview for which images have been chosen."""
    outputs = {**STATE.outputs, "images": dict(images), "commit": commit}
    world.engine.states[STATE.stack] = replace(STATE, outputs=outputs)


def deployed(world: World, **request: Any) -> Mapping[str, Any]:
    """Configuration with which a deploy updates the preview."""
    assert world.deploy(**request)
    return world.engine.values[-1]


def test_an_image_stays_with_the_next_push(world: World) -> None:
    live(world, {"backend": "b:1"})
    values = deployed(world, only_existing=True, commit="abc")
    assert values["images"] == {"backend": "b:1"}
    assert "b:1" in values["imageIds"]


def test_another_image_for_one_service_leaves_those_of_others(world: World) -> None:
    live(world, {"backend": "b:1", "grafana": "g:1"})
    assert deployed(world, images={"grafana": "g:2"})["images"] == {"backend": "b:1", "grafana": "g:2"}


def test_the_word_default_takes_a_choice_back(world: World) -> None:
    live(world, {"backend": "b:1", "grafana": "g:1"})
    values = deployed(world, images={"backend": "default"})
    assert values["images"] == {"grafana": "g:1"}
    assert not {"default", "b:1"} & set(values["imageIds"])


def test_a_template_is_kept_as_it_is_and_filled_in_at_each_deploy(world: World) -> None:
    values = deployed(world, images={"grafana": "r.example/g:{slug}-{commit}"}, commit="Abc1")
    assert values["images"] == {"grafana": "r.example/g:{slug}-{commit}"}
    assert "r.example/g:a-Abc1" in values["imageIds"]
    live(world, values["images"])
    again = deployed(world, only_existing=True, commit="def2")
    assert again["images"] == values["images"]
    assert "r.example/g:a-def2" in again["imageIds"]


def test_a_template_without_a_commit_is_refused_before_anything_is_touched(world: World) -> None:
    live(world, {"grafana": "r.example/g:{commit}"})
    with pytest.raises(BadInputError, match=r"needs a commit for r\.example/g:\{commit\}.* with --commit"):
        world.deploy()
    assert not world.machine.scripts
    assert deployed(world, images={"grafana": "default"})["images"] == {}


@pytest.mark.parametrize("chosen", [{"grafna": "g:1"}, {"grafna": "default"}])
def test_a_choice_for_an_unknown_service_is_refused(world: World, chosen: dict[str, str]) -> None:
    with pytest.raises(BadInputError, match="names no service grafna"):
        world.deploy(images=chosen)
    assert not world.machine.scripts


@pytest.mark.parametrize("template", ["g:{branch}", "g:{commit", "{slug}/{commit}:x y", "G:1", "{commit}"])
def test_what_is_no_reference_even_when_it_is_filled_in_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="must be an image reference"):
        filled(template, commit="-c", slug="a")


def test_an_update_that_fails_goes_back_to_the_template_and_the_commit_before(world: World) -> None:
    live(world, {"grafana": "g:{commit}"})
    good = {
        "branch": "a",
        "commit": "c0ffee",
        "images": {"grafana": "g:{commit}"},
        "imageIds": {"g:c0ffee": "sha256:1"},
    }
    world.engine.last_good_values = lambda stack: good  # type: ignore[method-assign]
    world.engine.ups = [world.fail(EngineError("up failed."))]
    with pytest.raises(OperationError, match="The last good version is running again"):
        world.deploy(commit="bad")
    assert "g:bad" in world.engine.values[0]["imageIds"]
    back = world.engine.values[1]
    assert (back["images"], back["imageIds"]) == (good["images"], good["imageIds"])
    assert "g:c0ffee" in images_of({key: back[key] for key in good})


def test_an_image_of_a_push_that_cannot_be_pulled_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(references: set[str], on_pull: object) -> dict[str, str]:
        raise RefusedError(f"The image {next(one for one in references if 'push' in one)} cannot be pulled.")

    monkeypatch.setattr(world.machine, "use_images", pull)
    live(world, {"grafana": "g:push-{commit}"})
    with pytest.raises(RefusedError, match="g:push-abc cannot be pulled"):
        world.deploy(commit="abc")
    assert not world.machine.scripts
