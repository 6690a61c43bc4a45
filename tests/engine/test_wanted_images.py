"""The machine's clean-up sees by an image's last new name that a deploy has wanted it."""

from __future__ import annotations

import datetime as dt
import io
import os
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from operations.machine.connection import way_on_this_machine
from operations.machine.images import Images

pytestmark = pytest.mark.engine


@pytest.fixture
def image(engine: Any, token: str) -> Iterator[str]:
    """An image that nothing else uses."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(token))
    name = f"pgai-test/{token}:wanted"
    engine.api.import_image_from_data(layer.getvalue(), repository=f"pgai-test/{token}", tag="wanted")
    yield name
    for tag in engine.images.get(name).tags:
        engine.images.remove(tag)


def test_an_image_that_a_deploy_wants_again_later_is_newer_and_has_one_name_of_ours(
    engine: Any, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = Images(way_on_this_machine(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")))
    now = dt.datetime(2026, 1, 1, 12, 30, tzinfo=dt.UTC)

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return now

    monkeypatch.setattr("operations.machine.images.dt.datetime", Clock)
    seen = []
    for hours in (0, 0, 1):
        now += dt.timedelta(hours=hours)
        assert used.use_images([image], pytest.fail) == {image: engine.images.get(image).id}
        found = engine.images.get(image)
        seen.append(found.attrs["Metadata"]["LastTagTime"])
        (own,) = [tag for tag in found.tags if tag != image]
        assert own.endswith(f"-{now:%Y%m%d%H}")
    assert seen[0] == seen[1] < seen[2]
