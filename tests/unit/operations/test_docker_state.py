"""What the engine's list says of a container decides whether a deploy succeeds, waits, or makes it anew."""

from __future__ import annotations

import pytest

from components.labels import SERVICE, SLUG
from operations.machine.docker_state import ContainerState, state_of


def state(state: str, status: str) -> ContainerState:
    labels = {SLUG: "a", SERVICE: "grafana"}
    return state_of({"Names": ["/preview-a-grafana"], "Labels": labels, "State": state, "Status": status})


@pytest.mark.parametrize(
    ("word", "status", "well", "broken"),
    [
        ("running", "Up 3 seconds (healthy)", True, False),
        ("running", "Up Less than a second (healthy)", True, False),
        ("running", "Up 3 seconds (health: starting)", False, False),
        ("running", "Up 3 minutes (unhealthy)", False, True),
        ("running", "Up 1 second", True, False),
        ("running", "Up Less than a second", False, False),
        ("restarting", "Restarting (1) Less than a second ago", False, True),
        ("paused", "Up 3 minutes (Paused)", False, True),
        ("dead", "Dead", False, True),
        ("exited", "Exited (1) 2 seconds ago", False, False),
        ("created", "Created", False, False),
    ],
)
def test_a_container_is_well_or_broken_or_neither_yet(word: str, status: str, well: bool, broken: bool) -> None:
    found = state(word, status)
    assert (found.well, found.broken) == (well, broken)


def test_a_container_is_told_by_its_name_and_what_is_wrong_with_it() -> None:
    assert str(state("running", "Up 3 minutes (unhealthy)")) == "the container preview-a-grafana is unhealthy"
    assert str(state("exited", "Exited (1) 2 seconds ago")) == "the container preview-a-grafana is exited"
