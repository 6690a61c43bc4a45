"""The fake Hetzner API refuses, limits and fails as the vendor's does; the vendor's client tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from hcloud import Client

from tests.standins.hetzner import Cloud, public_key, refused


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    with cloud.fake:
        yield cloud


def test_a_wrong_token_and_an_unknown_id_are_refused_as_the_vendor_does(cloud: Cloud) -> None:
    error = refused(lambda: Client("wrong", api_endpoint=cloud.fake.url).servers.get_all())
    assert (error.code, str(error).split(" (")[0]) == ("unauthorized", "unable to authenticate")
    error = refused(lambda: cloud.client.servers.get_by_id(4242))
    assert error.code == "not_found"
    assert cloud.fake.token not in repr(cloud.fake.requests)


def test_a_rate_limit_is_told_in_headers_and_waited_out_by_the_client(cloud: Cloud) -> None:
    cloud.fake.rate_limit(2, per_seconds=3.0)
    headers = {"Authorization": f"Bearer {cloud.fake.token}"}
    replies = [httpx.get(f"{cloud.fake.url}/servers", headers=headers) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert [reply.headers["RateLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
    assert replies[2].headers["RateLimit-Limit"] == "2"
    assert int(replies[2].headers["RateLimit-Reset"]) >= int(time.time())
    assert cloud.client.servers.get_all() == []
    assert replies[0].headers["Server"] == "fake-cloud-api"


def test_faults_come_as_often_as_ordered_and_where_ordered(cloud: Cloud) -> None:
    cloud.fake.fail_next(429, times=1, method="GET", path="^/servers")
    assert cloud.client.server_types.get_all()
    assert cloud.client.servers.get_all() == []
    assert [one.status for one in cloud.fake.requests if one.path == "/servers"] == [429, 200]
    cloud.fake.fail_next(500, times=1)
    error = refused(cloud.client.servers.get_all)
    assert error.code == "server_error"
    cloud.fake.fail_next(503, retry_after=7)
    reply = httpx.get(f"{cloud.fake.url}/servers")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "7")


def test_many_clients_at_once_get_each_their_own(cloud: Cloud) -> None:
    def work(number: int) -> None:
        client = cloud.client
        for turn in range(5):
            client.ssh_keys.create(f"key-{number}-{turn}", public_key())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    state = cloud.fake.state
    assert len({key["name"] for key in state.ssh_keys.values()}) == len(state.ssh_keys) == 40
