"""When an update reads every resource first, because the state may not be what is there any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import pytest
from cloudflare import Cloudflare

from components.record_args import comment_of
from operations.engine.snapshot import CONTAINER, NETWORK, RECORD, VOLUME, Snapshot
from operations.life.drift import has_drifted
from operations.machine.access import Machine
from operations.machine.docker_state import Belonging, ContainerState
from operations.machine.records import TOKEN_VARIABLE, CloudflareRecords
from stacks.names import PreviewName
from stacks.outputs import BaseOutputs
from tests.equipment.fakes import FakeCloudflare
from tests.equipment.recording import LOCAL_OUTPUTS

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


@dataclass
class StandInMachine:
    """A machine with that engine, and records that are as they were declared or not."""

    docker: StandInDocker
    records: Any = None
    base: BaseOutputs = field(default_factory=lambda: BaseOutputs(**LOCAL_OUTPUTS))


def drifted(snapshot: Snapshot, docker: StandInDocker | None = None, records: Any = None) -> bool:
    machine = StandInMachine(docker or StandInDocker(), records)
    return has_drifted(cast(Machine, machine), PreviewName("a"), snapshot)


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


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloudflare]:
    with FakeCloudflare(("pgai.watch",), private_targets=True) as fake:
        monkeypatch.setenv(TOKEN_VARIABLE, fake.token)
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", fake.url)
        yield fake


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, False), ({"content": "127.0.0.9"}, True), ({"proxied": False}, True), ({"comment": "mine"}, True)],
)
def test_a_dns_record_that_was_changed_elsewhere_is_missed(
    cloud: FakeCloudflare, change: dict[str, Any], *, expected: bool
) -> None:
    zone = cloud.zone_id("pgai.watch")
    base = BaseOutputs(**{**LOCAL_OUTPUTS, "domain": "pgai.watch", "zone_id": zone})
    records, client = CloudflareRecords(base), Cloudflare(api_token=cloud.token, base_url=cloud.url)
    fields: Any = {"type": "A", "name": "preview-a.pgai.watch", "content": base.address, "proxied": True, "ttl": 1}
    made = client.dns.records.create(zone_id=zone, **{**fields, "comment": comment_of("a"), **change})
    assert made

    def missed() -> bool:
        snapshot = replace(STATE, ids={**STATE.ids, RECORD: frozenset({made.id})})
        machine = StandInMachine(StandInDocker(), records, base)
        return has_drifted(cast(Machine, machine), PreviewName("a"), snapshot)

    assert missed() is expected
    client.dns.records.delete(made.id, zone_id=zone)
    assert missed(), "removed by hand"


def test_a_dns_record_of_which_cloudflare_says_nothing_is_read_by_the_engine(
    cloud: FakeCloudflare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
    records = CloudflareRecords(BaseOutputs(**LOCAL_OUTPUTS))
    assert drifted(replace(STATE, ids={**STATE.ids, RECORD: frozenset({"r1"})}), records=records)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_dns_record_is_read_by_the_engine_where_the_caller_s_proxy_cannot_be_used(
    cloud: FakeCloudflare, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    records = CloudflareRecords(BaseOutputs(**LOCAL_OUTPUTS))
    assert drifted(replace(STATE, ids={**STATE.ids, RECORD: frozenset({"r1"})}), records=records)


def test_after_an_update_that_died_everything_is_read() -> None:
    assert drifted(replace(STATE, pending=("a-grafana",)))
