"""When an update reads every resource first, because the state may not be what is there any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import pytest

from operations.engine.snapshot import CONTAINER, NETWORK, RECORD, VOLUME, Snapshot
from operations.life.drift import has_drifted
from operations.machine.docker import Docker
from operations.machine.docker_state import Belonging, ContainerState

STATE = Snapshot(
    outputs={"branch": "a"},
    ids={CONTAINER: frozenset({"c1"}), NETWORK: frozenset({"n1"}), VOLUME: frozenset({"v1"})},
)
WELL = ContainerState(name="preview-a-target", slug="a", service="target", status="running", health="healthy")
Kind = Literal["container", "network", "volume"]


def belonging(kind: Kind, identity: str) -> Belonging:
    return Belonging(kind=kind, id=identity, name=identity, slug="a", created_at="")


THERE = (belonging("container", "c1"), belonging("network", "n1"), belonging("volume", "v1"))


@dataclass
class StandInDocker:
    """A Docker engine's lists, in memory."""

    there: tuple[Belonging, ...] = THERE
    containers: tuple[ContainerState, ...] = (WELL,)

    def belongings(self, labels: dict[str, str]) -> list[Belonging]:
        assert (labels["pgai.preview.slug"], labels["pgai.preview.base"]) == ("a", "traefik-public")
        return list(self.there)

    def of_slug(self, slug: str) -> list[ContainerState]:
        assert slug == "a"
        return list(self.containers)


def drifted(snapshot: Snapshot, docker: StandInDocker | None = None) -> bool:
    return has_drifted(cast(Docker, docker or StandInDocker()), "a", "traefik-public", snapshot)


def test_a_preview_that_is_as_its_state_says_is_not_read_again() -> None:
    assert not drifted(STATE)


def test_a_first_deploy_has_nothing_to_read() -> None:
    assert not drifted(Snapshot())


@pytest.mark.parametrize("kind", ["container", "network", "volume"])
def test_what_was_removed_by_hand_is_missed(kind: str) -> None:
    assert drifted(STATE, StandInDocker(there=tuple(found for found in THERE if found.kind != kind)))


@pytest.mark.parametrize(
    ("status", "health"), [("exited", ""), ("paused", ""), ("running", "unhealthy"), ("running", "starting")]
)
def test_a_container_that_is_not_well_is_looked_at(status: str, health: str) -> None:
    assert drifted(STATE, StandInDocker(containers=(replace(WELL, status=status, health=health),)))


def test_a_dns_record_is_read_since_no_list_of_the_machine_has_it() -> None:
    assert drifted(replace(STATE, ids={**STATE.ids, RECORD: frozenset({"r1"})}))


def test_after_an_update_that_died_everything_is_read() -> None:
    assert drifted(replace(STATE, pending=("a-grafana",)))
