"""Labels of an image become those of its container, so an image may have none that steer the base."""

from __future__ import annotations

from typing import Any

import docker
import pytest

from components.labels import OF_IMAGES
from operations.errors import RefusedError
from operations.machine.connection import way_on_this_machine
from operations.machine.images import Images
from toolchain.images import RECIPE_LABEL, STAND_IN_LABEL

ROUTE = "traefik.http.routers.x.rule"


def use(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any] | None) -> list[str]:
    """Use an image of that configuration; the names that it is given."""
    tagged: list[str] = []

    class Client:
        def __init__(self, **_: Any) -> None:
            self.api = self

        def ping(self) -> None:
            """Answers."""

        def inspect_image(self, reference: str) -> dict[str, Any]:
            labels = config if reference == "evil:1" else {"Labels": {"org.opencontainers.image.title": "good"}}
            return {"Id": f"sha256:{reference}", "Config": labels}

        def tag(self, *name: str) -> None:
            tagged.append(":".join(name))

    monkeypatch.setattr(docker, "DockerClient", Client)
    Images(way_on_this_machine("unix:///nowhere")).use_images(["good:1", "evil:1"], pytest.fail)
    return tagged


@pytest.mark.parametrize("label", [ROUTE, "Traefik.Enable", "pgai.edge", "pgai.preview.slug", "pgai.recipes"])
def test_an_image_that_would_route_or_claim_what_is_not_its_own_is_refused_by_name(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RefusedError, match=rf"^The image evil:1 has the label {label}, .*Nothing was changed\.$"):
        use(monkeypatch, {"Labels": {"a": "b", label: "x"}})


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"Labels": None},
        {"Labels": dict.fromkeys([*OF_IMAGES, "maintainer", "traefik", "com.x.traefik.a"], "x")},
    ],
)
def test_an_image_with_other_labels_or_none_is_used(
    config: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(use(monkeypatch, config)) == len(["good", "evil"])


def test_images_that_set_up_builds_are_used() -> None:
    assert {RECIPE_LABEL, STAND_IN_LABEL} == OF_IMAGES
