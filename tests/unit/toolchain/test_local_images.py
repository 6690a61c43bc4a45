"""Images come to each engine of a cluster, and one that cannot take them is one sentence."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain.local_cluster import LocalNode
from toolchain.local_images import load_images
from toolchain.report import SetupError

IMAGE = "postgres:15"
MEGABYTES = 8
# Gives an image that no pipe holds; an engine keeps what it is given, or as much of it as its disk has room for.
DOCKER = f"""#!/bin/sh
case "$*" in
"save {IMAGE}") exec head -c {MEGABYTES}m /dev/zero ;;
"--host full "*) head -c 1 >/dev/null; echo "no space left on device" >&2; exit 1 ;;
"--host early "*) head -c 1 >/dev/null ;;
*) exec cat >"{{root}}/$2" ;;
esac
"""


def client(*images: str, way: str = "one") -> Any:
    """An engine with images, whose ids depend on the way in which it keeps them."""
    rows = [{"Id": f"sha256:{way}:{image}", "RepoTags": [image]} for image in images]

    def inspect(image: str) -> dict[str, Any]:
        return {"Id": f"sha256:{way}:{image}", "Created": "2026-11-30T20:00:00Z", "RootFS": {"Layers": [image]}}

    return SimpleNamespace(api=SimpleNamespace(images=lambda: rows, inspect_image=inspect))


def node(name: str, *images: str) -> LocalNode:
    return cast(LocalNode, SimpleNamespace(docker_host=name, client=client(*images, way="another")))


@pytest.fixture
def root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    machine.install("docker", DOCKER.format(root=machine.root))
    monkeypatch.setattr("docker.from_env", lambda: client(IMAGE))
    return machine.root


def test_an_engine_whose_disk_is_full_is_one_sentence_and_the_others_get_all(root: Path) -> None:
    with pytest.raises(SetupError, match=r"could not be loaded .* see that the disk has room\.$"):
        load_images([node("full"), node("roomy")], [IMAGE])
    assert (root / "roomy").stat().st_size == MEGABYTES << 20


def test_an_engine_that_needs_no_more_than_the_beginning_has_the_images(root: Path) -> None:
    load_images([node("early"), node("roomy")], [IMAGE])
    assert (root / "roomy").stat().st_size == MEGABYTES << 20


def test_an_image_that_is_not_here_is_named(root: Path) -> None:
    assert root
    with pytest.raises(SetupError, match=r"lacks grafana:12: run \./preview setup\.$"):
        load_images([node("roomy")], [IMAGE, "grafana:12"])


def test_an_engine_that_has_the_images_gets_none_however_it_keeps_them(root: Path) -> None:
    load_images([node("roomy", IMAGE)], [IMAGE])
    assert not (root / "roomy").exists()
