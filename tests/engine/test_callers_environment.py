"""What the caller's shell has set changes neither the passphrase nor the engine nor the way to a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.world import World
from tests.equipment.checkout import ok
from tests.equipment.docker import service_ids

pytestmark = pytest.mark.engine

_NOBODY, _SOCKS = "http://127.0.0.1:9", "socks5h://127.0.0.1:9"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_CALLERS: list[dict[str, str]] = [
    {"PULUMI_CONFIG_PASSPHRASE": "", **dict.fromkeys(_PROXIES, _NOBODY)},
    {
        "PULUMI_CONFIG_PASSPHRASE": "x",
        **dict.fromkeys(("ALL_PROXY", "all_proxy"), _SOCKS),
        "DOCKER_CONTEXT": "other",
        "DOCKER_HOST": "unix:///nowhere/docker.sock",
    },
]


@pytest.fixture
def branch(world: World) -> Iterator[str]:
    yield world.second
    ok(world.clone.preview("deploy", world.second, "--commit", world.commit))


def test_every_command_does_the_same_whatever_the_caller_has_set(world: World, branch: str, engine: Any) -> None:
    ok(world.clone.preview("deploy", branch, "--commit", "1234e56"))
    credentials = ok(world.clone.preview("credentials", branch)).stdout
    for caller in _CALLERS:
        ok(world.clone.preview("deploy", branch, "--commit", "0912345", **caller))
        (row,) = [
            row
            for row in json.loads(ok(world.clone.preview("list", "--json", **caller)).stdout)
            if row["branch"] == branch
        ]
        assert (row["commit"], row["health"]) == ("0912345", "7/7 healthy")
        assert ok(world.clone.preview("credentials", branch, **caller)).stdout == credentials
        ok(world.clone.preview("verify", branch, "--minutes", "1", **caller))
    assert len(service_ids(engine, branch)) >= 7, "they run on the base's engine"
