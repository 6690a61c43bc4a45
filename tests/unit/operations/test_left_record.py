"""A DNS record that is there before its preview makes one: the preview's own is taken over, another's is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cloudflare import Cloudflare
from flask import Response, request

from components.record_args import comment_of
from operations.engine.snapshot import Snapshot
from operations.errors import EngineError, OperationError
from operations.machine.records import TOKEN_VARIABLE, CloudflareRecords
from tests.equipment.fakes import FakeCloudflare
from tests.unit.operations.deploying import World

ZONE, HOST = "pgai.watch", "preview-a.pgai.watch"
FAILED = EngineError("failed to create: An identical record already exists. (81058)", ["DnsRecord"])


@pytest.fixture
def cloud() -> Iterator[FakeCloudflare]:
    with FakeCloudflare((ZONE,), private_targets=True) as fake:
        yield fake


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, cloud: FakeCloudflare) -> World:
    monkeypatch.setenv(TOKEN_VARIABLE, cloud.token)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", cloud.url)
    world = World.make(monkeypatch)
    world.machine.base = world.machine.base.model_copy(update={"domain": ZONE, "zone_id": cloud.zone_id(ZONE)})
    world.engine.states["base"] = Snapshot(stack="base", outputs=world.machine.base.model_dump())
    world.machine.records = CloudflareRecords(world.machine.base)
    world.engine.ups = [world.fail(FAILED)]
    return world


def left(cloud: FakeCloudflare, comment: str, content: str = "127.0.0.1") -> None:
    client: Any = Cloudflare(api_token=cloud.token, base_url=cloud.url)
    client.dns.records.create(
        zone_id=cloud.zone_id(ZONE), type="A", name=HOST, content=content, ttl=1, proxied=True, comment=comment
    )


def test_a_record_that_a_preview_left_whose_state_is_lost_does_not_keep_it_from_coming_back(
    world: World, cloud: FakeCloudflare
) -> None:
    left(cloud, comment_of("a"))
    deployed = world.deploy()
    assert deployed is not None
    assert deployed.created
    assert not list(cloud.state.all_records()), "the stack makes its own"
    assert f"removed record {HOST}, left by a preview whose state is lost" in world.notes


@pytest.mark.parametrize(("comment", "content"), [("by hand", "127.0.0.1"), (comment_of("a"), "127.0.0.2")])
def test_a_record_that_is_somebody_elses_stays_and_the_way_out_is_named(
    world: World, cloud: FakeCloudflare, comment: str, content: str
) -> None:
    left(cloud, comment, content)
    with pytest.raises(OperationError) as failed:
        world.deploy()
    said = str(failed.value)
    assert f"The name {HOST} has a DNS record already" in said
    assert f"delete it in Cloudflare's zone {ZONE}, or rename the branch, and deploy again." in said
    assert "Everything that was made has been removed again." in said
    assert len(list(cloud.state.all_records())) == 1


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_one_sentence(world: World, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    for asked in (world.machine.records.all, lambda: world.machine.records.remove(HOST)):
        with pytest.raises(OperationError, match=rf"^Cloudflare .* of {ZONE} .* the proxy .* or unset them\.$"):
            asked()


ODD = {
    "page": ("text/html", "<html>Sign in to the network</html>"),
    "torn": ("application/json", "{broken"),
    "null": ("application/json", "null"),
    "no record": ("application/json", '{"result": [{"id": "1", "name": null}]}'),
    "deep": ("application/json", "[" * 100_000),
}


def answers(monkeypatch: pytest.MonkeyPatch, cloud: FakeCloudflare, method: str, odd: str) -> None:
    """One answer to all requests of a method."""
    usual, (kind, body) = cloud._before, ODD[odd]
    asked = [lambda: Response(body, mimetype=kind) if request.method == method else usual()]
    monkeypatch.setattr(cloud._app, "before_request_funcs", {None: asked})


@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_no_list_of_records_is_one_sentence(
    world: World, cloud: FakeCloudflare, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    answers(monkeypatch, cloud, "GET", odd)
    for asked in (world.machine.records.all, lambda: world.machine.records.remove(HOST)):
        with pytest.raises(
            OperationError, match=rf"^Cloudflare does not list the DNS records of {ZONE} \(.* again later"
        ):
            asked()


@pytest.mark.parametrize("odd", ["page", "torn", "null", "deep"])
def test_a_deletion_that_nobody_knows_the_outcome_of_is_one_sentence(
    world: World, cloud: FakeCloudflare, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    left(cloud, comment_of("a"))
    answers(monkeypatch, cloud, "DELETE", odd)
    with pytest.raises(OperationError, match=rf"^Cloudflare does not delete the DNS record {HOST} \(.* again later"):
        world.machine.records.remove(HOST)
