"""Whose last lines a deploy that failed shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from operations.life.last_words import last_words
from operations.machine.docker_state import ContainerState


def container(service: str, status: str, health: str = "") -> ContainerState:
    return ContainerState(
        name=f"preview-a-{service}", slug="a", service=service, status=status, health=health, id=service
    )


@pytest.mark.parametrize(
    ("failed", "said", "shown"),
    [
        (False, "interrupted", {"preview-a-sink"}),
        (False, "preview-a-grafana is not healthy.", {"preview-a-sink", "preview-a-grafana"}),
        (False, "preview-a-grafana is not well: no suitable node.", {"preview-a-sink", "preview-a-grafana"}),
        (False, "preview-a-grafana-2 is not healthy.", {"preview-a-sink"}),
        (True, "", {"preview-a-sink", "preview-a-grafana", "preview-a-target"}),
    ],
)
def test_one_on_its_way_is_shown_where_it_is_what_failed(failed: bool, said: str, shown: set[str]) -> None:
    containers = [
        container("sink", "running", "unhealthy"),
        container("grafana", "running", "starting"),
        container("target", "created"),
    ]
    docker = SimpleNamespace(failed=lambda slug: containers, last_lines=lambda name: "words")
    machine: Any = SimpleNamespace(docker=docker)
    assert set(last_words(machine, "a", set(), container_failed=failed, said=said)) == shown
